// jsonb on hostile bytes.
#include "core/copytext/jsonb.h"

#include "hostile_value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace lifeboat;
    FormatHostileValue({FormatJsonb, -1, 'i', ',', false, nullptr}, data, size);
    return 0;
}
