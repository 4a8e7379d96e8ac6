// Arrays, ranges and multiranges on hostile bytes.
//
// The first byte chooses the type, the rest is the value.
#include "core/copytext/array.h"

#include "core/copytext/jsonb.h"
#include "core/copytext/network.h"
#include "core/copytext/numbers.h"
#include "core/copytext/numeric.h"
#include "core/copytext/range.h"
#include "core/copytext/text.h"
#include "hostile_value.h"

namespace {

using namespace lifeboat;

constexpr TypeFormat kElements[10] = {
    {FormatInt4, 4, 'i', ',', true, nullptr},
    {FormatInt8, 8, 'd', ',', true, nullptr},
    {FormatBool, 1, 'c', ',', true, nullptr},
    {FormatText, -1, 'i', ',', false, nullptr},
    {FormatNumeric, -1, 'i', ',', true, nullptr},
    {FormatJsonb, -1, 'i', ',', false, nullptr},
    {FormatInet, -1, 'i', ',', true, nullptr},
    {FormatArray, -1, 'i', ',', false, kElements + 3},
    {FormatRange, -1, 'i', ',', false, kElements},
    {FormatBytea, -1, 'i', ';', false, nullptr},
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const TypeFormat& element = kElements[data[0] % std::size(kElements)];
    const TypeFormat range{FormatRange, -1, element.align, ',', false, &element};
    const TypeFormat types[] = {{FormatArray, -1, 'i', ',', false, &element},
                                range,
                                {FormatMultirange, -1, 'i', ',', false, &range}};
    FormatHostileValue(types[data[0] / 16 % std::size(types)], data + 1, size - 1);
    return 0;
}
