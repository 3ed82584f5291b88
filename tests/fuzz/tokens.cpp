// Shard iterators, page tokens and sequence numbers that clients hand back. What must hold: any text is opened or refused; what
// a token's secret part says, however wrong, is opened or refused; and what opens is the same when sealed and opened again.
#include <openssl/evp.h>

#include "emulator/kinesis/records/iterators.h"
#include "emulator/streams/log/sequence.h"
#include "tests/fuzz/seeds.h"

namespace sluice::fuzz {
namespace {

using namespace kinesis;

// A token with these contents, as only the server could have made it.
std::string forged(std::string_view head, Bytes plain) {
    constexpr unsigned char key[] = "sluice-iterator1", zero[16]{};
    std::string out(head);
    out.resize(head.size() + plain.size() + 16);
    auto* to = reinterpret_cast<unsigned char*>(out.data()) + head.size();
    int first = 0, last = 0;
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    EVP_EncryptInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, key, zero);
    EVP_EncryptUpdate(context.get(), to, &first, reinterpret_cast<const unsigned char*>(plain.data()),
                      static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(context.get(), to + first, &last);
    out.resize(head.size() + static_cast<std::size_t>(first + last));
    std::string text((out.size() + 2) / 3 * 4, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(out.data()),
                    static_cast<int>(out.size()));
    return text;
}

void open_both(std::string_view token) {
    if (const auto iterator = open_iterator(token)) {
        const auto again = open_iterator(seal(*iterator));
        must(again && again->stream == iterator->stream && again->id == iterator->id && again->shard == iterator->shard &&
                 again->position == iterator->position && again->issued == iterator->issued && again->serial == iterator->serial,
             "an iterator that opens is the same when sealed again");
    }
    if (const auto page = open_page(token)) {
        const auto again = open_page(seal(*page));
        must(again && again->listing == page->listing && again->after == page->after && again->issued == page->issued,
             "a page token that opens is the same when sealed again");
    }
}

}   // namespace

void tokens(Bytes input) {
    const Exact exact{input};
    open_both(exact.text());
    if (input.size() <= 2048) {
        open_both(forged(std::string_view{"\0\0\0\0\0\0\0\1", 8}, input));
        open_both(forged("", input));
    }
    if (const auto sequence = streams::parse_sequence(exact.text()); sequence && sequence->version == 2) {
        const auto written = streams::to_string(*sequence);
        must(written.size() == 56, "a sequence number has 56 digits");
        must(streams::parse_sequence(written) == *sequence, "a sequence number that is read is written the same");
    }
}

std::vector<Blob> token_seeds() {
    std::vector<Blob> all;
    for (const char* text :
         {"49590338271490256608559692538361571095921575989136588898", "5", "1", "170141183460469231731687303715884105728"})
        all.push_back(blob_of(text));
    const Iterator iterator{.stream = "clickstream",
                            .id = static_cast<streams::StreamId>(7),
                            .shard = 3,
                            .position = 41,
                            .issued = from_ms(1'700'000'000'000),
                            .serial = 9};
    const Page page{.listing = "ListShards clickstream", .after = "shardId-000000000001", .issued = from_ms(1'700'000'000'000)};
    all.push_back(blob_of(seal(iterator)));
    all.push_back(blob_of('"' + seal(iterator) + '"'));
    all.push_back(blob_of(seal(page)));
    // The secret parts: numbers of eight bytes, texts behind theirs.
    const auto number = [](std::uint64_t value) {
        std::string text;
        for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
        return text;
    };
    all.push_back(blob_of(number(9) + number(0x534c49'5445'5231) + number(7) + number(3) + number(41) +
                          number(1'700'000'000'000) + number(2) + "ab"));
    all.push_back(blob_of(number(0x534c50'4147'4531) + number(1'700'000'000'000) + number(2) + "ab" + number(1) + "c"));
    return all;
}

}   // namespace sluice::fuzz
