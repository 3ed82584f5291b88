// Whether a request was signed with one of the keys that the server was told, in the sentences of the service. A pure machine:
// the moments that count as now are handed in.
//
// The hash of the body is always that of the bytes that came. `UNSIGNED-PAYLOAD` and the streaming forms are S3's and of services
// whose model says so; neither Kinesis nor STS does, so a request that signed such a word instead of the hash is not the one that
// was signed.
#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/aws/signature.h"
#include "protocol/aws/sigv4.h"

namespace sluice::aws {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct Key {
    std::string id, secret, token;    // without a token: a long-term key
    std::optional<Time> until = {};   // of a token: from when on it is expired
};

// 20151120T200815Z
std::string iso_text(Time);
// That form, or the one of HTTP's Date header: Fri, 20 Nov 2015 20:08:15 GMT.
std::optional<Time> signed_time(std::string_view text);

class Verifier {
  public:
    static constexpr std::chrono::minutes window{5};          // a signature's date may be so far from now
    static constexpr std::chrono::seconds longest{604'800};   // X-Amz-Expires of a presigned request
    static constexpr std::size_t most_kept = 256;

    explicit Verifier(std::vector<Key> keys);

    // `nows`: the moments that may count as now; it is enough when one of them does. When none does the nearest is told.
    std::expected<void, Refusal> verify(const RequestHead&, const Caller&, const Digest& body_hash, std::string_view service,
                                        std::span<const Time> nows);
    // Derived signing keys that are kept: of signatures that were right, so that nobody else can make them go.
    std::size_t kept() const { return kept_.size(); }

  private:
    std::map<std::string, Key, std::less<>> keys_;
    std::map<std::string, Digest, std::less<>> kept_;   // by key and scope
};

}   // namespace sluice::aws
