// The words of AWS for values of a wrong type. Seen: kinesalite's tests, run against the live service; a byte
// string where text belongs can only come in CBOR, and its wording is ours, after the pattern of the others.
#include "protocol/kinesis/decode.h"

namespace sluice::kinesis {

std::string not_convertible(Kind found, std::string_view to) {
    const std::string_view name = found == Kind::number    ? "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
                                  : found == Kind::boolean ? "java.lang.Boolean"
                                  : found == Kind::text    ? "java.lang.String"
                                                           : "java.nio.HeapByteBuffer";
    std::string message{"class "};
    return message.append(name).append(" can not be converted to ").append(to);
}

std::string no_boolean(std::string_view text) {
    std::string message{"'"};
    for (const char c : text) message += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return message.append("' can not be converted to an Boolean");
}

}   // namespace sluice::kinesis
