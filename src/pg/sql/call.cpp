#include "pg/sql/call.h"

extern "C" {
#include <catalog/pg_type.h>
#include <nodes/primnodes.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
}

namespace lifeboat::pg {

Oid Call::TypeOf(int argument) const {
    Oid* types = nullptr;
    int count = 0;
    Pg([&] { (void)get_func_signature(info_->flinfo->fn_oid, &types, &count); });
    return argument < count ? types[argument] : InvalidOid;
}

Value Call::Get(int argument) const {
    if (IsNull(argument)) return std::nullopt;
    const Oid type = TypeOf(argument);
    char* text = Pg([&] {
        Oid output = InvalidOid;
        bool is_varlena = false;
        getTypeOutputInfo(type, &output, &is_varlena);
        return OidOutputFunctionCall(output, Raw(argument));
    });
    return std::string(text);
}

std::string Call::Text(int argument, const char* what) const {
    Value value = Get(argument);
    if (!value) throw Error(Errc::InvalidValue, std::string(what) + " must not be null");
    if (value->empty()) throw Error(Errc::InvalidValue, std::string(what) + " must not be empty");
    return *value;
}

bool Call::Bool(int argument, bool otherwise) const {
    return IsNull(argument) ? otherwise : DatumGetBool(Raw(argument));
}

int64_t Call::Int(int argument, int64_t otherwise) const {
    const Value value = Get(argument);
    return value ? std::stoll(*value) : otherwise;
}

std::vector<std::string> Call::TextArray(int argument, const char* what) const {
    std::vector<std::string> items;
    if (IsNull(argument)) return items;
    Datum* values = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    Pg([&] {
        deconstruct_array(DatumGetArrayTypeP(Raw(argument)), TEXTOID, -1, false, TYPALIGN_INT,
                          &values, &nulls, &count);
    });
    for (int i = 0; i < count; ++i) {
        if (nulls[i]) {
            throw Error(Errc::InvalidValue, std::string(what) + " must not contain nulls");
        }
        char* item = Pg([&] { return TextDatumGetCString(values[i]); });
        items.emplace_back(item);
    }
    return items;
}

bool Call::IsCurrentDatabase(int argument) const {
    Node* call = info_->flinfo->fn_expr;
    if (call == nullptr || !IsA(call, FuncExpr)) return false;
    List* arguments = reinterpret_cast<FuncExpr*>(call)->args;
    if (argument >= list_length(arguments)) return false;
    auto* node = static_cast<Node*>(list_nth(arguments, argument));
    // current_database() is of type name: the cast to text may be a function or a relabelling.
    while (node != nullptr) {
        if (IsA(node, RelabelType)) {
            node = reinterpret_cast<Node*>(reinterpret_cast<RelabelType*>(node)->arg);
        } else if (IsA(node, FuncExpr)) {
            auto* function = reinterpret_cast<FuncExpr*>(node);
            if (function->funcid == F_CURRENT_DATABASE) return true;
            if (function->args == NIL) return false;
            node = static_cast<Node*>(linitial(function->args));
        } else {
            return false;
        }
    }
    return false;
}

ResultSet::ResultSet(FunctionCallInfo info) : info_(info), set_(nullptr), input_(nullptr) {
    Pg([this] {
        InitMaterializedSRF(info_, MAT_SRF_USE_EXPECTED_DESC);
        set_ = reinterpret_cast<ReturnSetInfo*>(info_->resultinfo);
        input_ = TupleDescGetAttInMetadata(set_->setDesc);
    });
}

void ResultSet::Add(const Row& row) {
    std::vector<char*> texts;
    texts.reserve(row.size());
    for (const Value& value : row) {
        texts.push_back(value ? const_cast<char*>(value->c_str()) : nullptr);
    }
    char** values = texts.data();
    Pg([this, values] {
        HeapTuple tuple = BuildTupleFromCStrings(input_, values);
        tuplestore_puttuple(set_->setResult, tuple);
        heap_freetuple(tuple);
    });
}

std::string SecondsText(double seconds) { return std::to_string(seconds) + " seconds"; }

void Notice(const std::string& message, const std::string& hint) {
    Pg([&] {
        ereport(NOTICE, (errmsg_internal("%s", message.c_str()),
                         hint.empty() ? 0 : errhint("%s", hint.c_str())));
    });
}

} // namespace lifeboat::pg
