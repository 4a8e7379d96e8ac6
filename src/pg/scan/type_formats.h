// Which formatter prints a type: found by the type's output function, so that domains and types
// that share one are served too. Holds the formats of one row type; made once per relation.
#pragma once

#include <deque>
#include <unordered_map>

#include "core/copytext/type_format.h"
#include "pg/bridge/bridge.h"

namespace lifeboat::pg {

// Labels as they are now, with COPY TEXT's escapes: as enum_out would look them up for each value.
struct EnumFormat : TypeFormat {
    std::unordered_map<Oid, std::string> labels;
};

class TypeFormats {
public:
    TypeFormats() = default;
    TypeFormats(const TypeFormats&) = delete;
    TypeFormats& operator=(const TypeFormats&) = delete;
    // Null when only the type's output function can print it.
    const TypeFormat* Find(Oid type);

private:
    struct Facts {
        Oid output;
        int16 length;
        char align;
        char delimiter;
        Oid element; // of an array, a range or a multirange
    };
    static Facts LookUp(Oid type);
    const TypeFormat* Make(Oid type);
    const TypeFormat* MakeEnum(Oid type, const TypeFormat& model);

    std::unordered_map<Oid, const TypeFormat*> known_;
    std::deque<TypeFormat> formats_;
    std::deque<EnumFormat> enums_;
};

} // namespace lifeboat::pg
