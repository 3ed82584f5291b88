// Client quotas (KIP-13, KIP-124, KIP-546, KIP-599, KIP-612): who may produce, fetch, change topics and connect how fast. The
// values are kept values of a world; what was done lately is counted on its virtual clock. As long as there are no quotas this
// costs a look at a flag. Keys: "kafka/quota/" and the SHA-256 of the entity in hex.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "emulator/kafka/call.h"
#include "emulator/kafka/security/rate.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

// A part that is there names one user, client or address, or is the default of all that have no quota of their own.
struct QuotaEntity {
    using Name = std::optional<std::string>;   // nothing: the default
    std::optional<Name> user, client, ip;
    friend auto operator<=>(const QuotaEntity&, const QuotaEntity&) = default;
};
using QuotaValues = std::map<std::string, double>;

struct StoredQuota {
    static constexpr Api api{.key = -1, .name = "StoredQuota", .min = 0, .max = 0, .flexible_from = 0};
    struct Part {
        std::int8_t kind{};   // 0 user, 1 client, 2 address
        std::optional<std::string> name;
        static constexpr void fields(auto& m, auto& f) {
            f("kind", m.kind, since(0));
            f("name", m.name, since(0).nullable(0));
        }
    };
    struct Value {
        std::string key;
        double value{};
        static constexpr void fields(auto& m, auto& f) {
            f("key", m.key, since(0));
            f("value", m.value, since(0));
        }
    };
    std::vector<Part> parts;
    std::vector<Value> values;
    static constexpr void fields(auto& m, auto& f) {
        f("parts", m.parts, since(0));
        f("values", m.values, since(0));
    }
};

class Quotas {
  public:
    static constexpr std::string_view prefix = "kafka/quota/";
    static constexpr std::size_t longest_name = 4096;   // bytes

    Quotas(streams::Engine&, streams::World&, const Configs&);

    const std::map<QuotaEntity, QuotaValues>& all() const { return quotas_; }
    streams::Ticket put(const QuotaEntity&, QuotaValues);   // none: erases
    void unstored(std::string_view key);
    void clear();

    // Counts what a request did and yields how long its sender has to wait.
    milliseconds produced(const Call&, std::size_t bytes);
    // Of an answer that is about to be sent. When it would have to wait it is not counted, and an empty one is sent.
    milliseconds fetched(const Call&, std::size_t bytes);
    // Counts the time of a request in the percentage of one processor that request_percentage is about. Nothing: no quota.
    std::optional<milliseconds> worked(const Call&, std::chrono::nanoseconds);
    // What a fetch may have at most, so that it can pass at all.
    std::optional<std::int64_t> most_fetched(const Call&);
    // Of a connection that was just accepted; 0: it may stay.
    milliseconds connected(const std::string& address);

    // Changes of topics by one request, in partitions.
    class Mutations {
      public:
        // False: not any more (THROTTLING_QUOTA_EXCEEDED). Who is not strict is never refused and pays later.
        bool take(std::int64_t partitions);
        milliseconds throttle() const;

      private:
        friend class Quotas;
        MutationBucket* bucket_ = nullptr;   // nothing: no quota
        double limit_ = 0;
        bool strict_ = false;
        std::int64_t now_ms_ = 0;
    };
    Mutations mutations(const Call&, bool strict);

  private:
    struct Limit {
        double value;
        std::string user, client;   // who shares it; empty: everybody
    };
    using Shared = std::tuple<std::string, std::string, std::string>;   // the quota's name, user, client
    const double* value_of(const QuotaEntity&, std::string_view key) const;
    std::optional<Limit> limit_of(const Call&, std::string_view key) const;
    Rate& rate_of(std::string_view key, const Limit&);
    std::int64_t now_ms() const;
    void take(std::string_view key, std::string_view value);
    static std::string key_of(const QuotaEntity&);

    streams::Engine& engine_;
    streams::World& world_;
    RateWindow window_, mutation_window_;
    std::map<QuotaEntity, QuotaValues> quotas_;
    std::map<Shared, Rate> rates_;
    std::map<Shared, MutationBucket> buckets_;
    std::size_t swept_at_ = 1000;
};

}   // namespace sluice::kafka
