#include "pg/scan/type_formats.h"

#include <cctype>

#include "core/copytext/array.h"
#include "core/copytext/datetime.h"
#include "core/copytext/escape.h"
#include "core/copytext/floats.h"
#include "core/copytext/jsonb.h"
#include "core/copytext/network.h"
#include "core/copytext/numbers.h"
#include "core/copytext/numeric.h"
#include "core/copytext/range.h"
#include "core/copytext/text.h"
#include "core/copytext/uuid.h"

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_enum.h>
#include <catalog/pg_type.h>
#include <utils/catcache.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace lifeboat::pg {
namespace {

struct Known {
    Oid output;
    FormatFunction format;
    bool bare;
};

constexpr Known kKnown[] = {
    {F_BOOLOUT, FormatBool, true},
    {F_INT2OUT, FormatInt2, true},
    {F_INT4OUT, FormatInt4, true},
    {F_INT8OUT, FormatInt8, true},
    {F_OIDOUT, FormatOid, true},
    {F_XIDOUT, FormatOid, true},
    {F_CHAROUT, FormatChar, false},
    {F_FLOAT4OUT, FormatFloat4, true},
    {F_FLOAT8OUT, FormatFloat8, true},
    {F_NUMERIC_OUT, FormatNumeric, true},
    {F_TEXTOUT, FormatText, false},
    {F_VARCHAROUT, FormatText, false},
    {F_BPCHAROUT, FormatText, false},
    {F_JSON_OUT, FormatText, false},
    {F_NAMEOUT, FormatName, false},
    {F_BYTEAOUT, FormatBytea, false},
    {F_JSONB_OUT, FormatJsonb, false},
    {F_DATE_OUT, FormatDate, false},
    {F_TIME_OUT, FormatTime, true},
    {F_TIMETZ_OUT, FormatTimeTz, true},
    {F_TIMESTAMP_OUT, FormatTimestamp, false},
    {F_TIMESTAMPTZ_OUT, FormatTimestampTz, false},
    {F_INTERVAL_OUT, FormatInterval, false},
    {F_UUID_OUT, FormatUuid, true},
    {F_INET_OUT, FormatInet, true},
    {F_CIDR_OUT, FormatCidr, true},
    {F_MACADDR_OUT, FormatMacaddr, true},
    {F_MACADDR8_OUT, FormatMacaddr8, true},
    {F_ARRAY_OUT, FormatArray, false},
    {F_RANGE_OUT, FormatRange, false},
    {F_MULTIRANGE_OUT, FormatMultirange, false},
};

bool FormatEnum(const TypeFormat& type, const char* value, size_t /*size*/, TextOut& out) {
    Oid label = InvalidOid;
    std::memcpy(&label, value, sizeof(label));
    const auto& labels = static_cast<const EnumFormat&>(type).labels;
    const auto found = labels.find(label);
    if (found == labels.end()) return false;
    out.PutPlain(found->second);
    return true;
}

bool HoldsElements(Oid output) {
    return output == F_ARRAY_OUT || output == F_RANGE_OUT || output == F_MULTIRANGE_OUT;
}

// Letters, digits and underscores, and not the word NULL: no quotes anywhere.
bool IsBare(std::string_view label) {
    const auto plain = [](unsigned char c) {
        return c == '_' || (c < 0x80 && std::isalnum(c) != 0);
    };
    const bool null = label.size() == 4 && pg_strncasecmp(label.data(), "null", 4) == 0;
    return !label.empty() && !null && std::all_of(label.begin(), label.end(), plain);
}

} // namespace

const TypeFormat* TypeFormats::Find(Oid type) {
    const auto [entry, fresh] = known_.try_emplace(type, nullptr);
    if (!fresh) return entry->second;
    const TypeFormat* made = Make(type);
    known_[type] = made;
    return made;
}

TypeFormats::Facts TypeFormats::LookUp(Oid type) {
    return Pg([type] {
        Facts facts{};
        bool by_value = false;
        Oid receive = InvalidOid; // unused
        get_type_io_data(type, IOFunc_output, &facts.length, &by_value, &facts.align,
                         &facts.delimiter, &receive, &facts.output);
        const Oid base = getBaseType(type);
        if (facts.output == F_ARRAY_OUT) facts.element = get_element_type(base);
        if (facts.output == F_RANGE_OUT) facts.element = get_range_subtype(base);
        if (facts.output == F_MULTIRANGE_OUT) facts.element = get_multirange_range(base);
        return facts;
    });
}

const TypeFormat* TypeFormats::Make(Oid type) {
    const Facts facts = LookUp(type);
    TypeFormat format;
    format.length = facts.length;
    format.align = facts.align;
    format.delimiter = facts.delimiter;
    if (facts.output == F_ENUM_OUT) return MakeEnum(type, format);
    const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                     [&](const Known& one) { return one.output == facts.output; });
    if (known == std::end(kKnown)) return nullptr;
    format.format = known->format;
    format.bare = known->bare;
    if (HoldsElements(facts.output)) {
        format.element = OidIsValid(facts.element) ? Find(facts.element) : nullptr;
        if (format.element == nullptr) return nullptr;
    }
    return &formats_.emplace_back(format);
}

const TypeFormat* TypeFormats::MakeEnum(Oid type, const TypeFormat& model) {
    EnumFormat& format = enums_.emplace_back();
    static_cast<TypeFormat&>(format) = model;
    format.format = FormatEnum;
    format.bare = true;
    CatCList* list = Pg([type] {
        return SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(getBaseType(type)));
    });
    for (int i = 0; i < list->n_members; ++i) {
        const auto* row = reinterpret_cast<Form_pg_enum>(GETSTRUCT(&list->members[i]->tuple));
        const std::string_view label = NameStr(row->enumlabel);
        format.bare = format.bare && IsBare(label);
        std::string& text = format.labels[row->oid];
        AppendCopyText(text, label);
    }
    Pg([list] { ReleaseCatCacheList(list); });
    return &format;
}

} // namespace lifeboat::pg
