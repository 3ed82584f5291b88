// No API lets in who has no rights. The requests are made from the messages themselves, so an API that comes later is asked as
// well, in each of its versions: whoever forgets what it needs finds out here.
#include <algorithm>
#include <deque>
#include <set>

#include "emulator/kafka/dispatch.h"
#include "emulator/kafka/security/acls.h"
#include "emulator/kafka/topics.h"
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

// What nobody is refused, and why.
struct OpenToAll {
    std::string_view api, reason;
    int until = 99;   // the last version
};
constexpr OpenToAll open_to_all[] = {
    {"SaslHandshake", "comes before there is a user"},
    {"SaslAuthenticate", "comes before there is a user"},
    {"ApiVersions", "comes before there is a user"},
    {"CreateDelegationToken", "of oneself; later versions make tokens for others", 2},
    {"RenewDelegationToken", "the token's owner and renewers may, whatever the lists say"},
    {"ExpireDelegationToken", "the token's owner and renewers may, whatever the lists say"},
    {"DescribeCluster", "every client has to find the brokers; it tells which rights the client has"},
    {"GetTelemetrySubscriptions", "of the client itself"},
    {"PushTelemetry", "of the client itself"},
};
// They leave out what the client may not see, in these versions, and say no more about it.
struct LeavesOut {
    std::string_view api;
    int until = 99;
};
constexpr LeavesOut leave_out[] = {{"ListGroups"}, {"ListTransactions"}, {"DescribeDelegationToken"}, {"DescribeLogDirs", 2}};

constexpr ErrorCode refusals[] = {ErrorCode::topic_authorization_failed, ErrorCode::group_authorization_failed,
                                  ErrorCode::cluster_authorization_failed, ErrorCode::transactional_id_authorization_failed,
                                  ErrorCode::delegation_token_authorization_failed};

// ---- a request that names topic t, group g and transactional id x wherever it can name one, once ----

struct Filling {
    std::string_view api;
    Uuid topic_id;
    std::deque<std::shared_ptr<void>> kept{};   // lists
};

std::string_view text_for(std::string_view field, std::string_view api) {
    const auto has = [&](std::string_view part) { return field.contains(part); };
    if (field == "groupId" || field == "groups" || field == "groupIds" || field == "groupsNames" || field == "key")
        return api.contains("Share") ? "s" : "g";
    if (has("ransactionalId")) return has("Pattern") ? "" : "x";
    if (has("rincipalType")) return "User";
    if (field == "host" || field == "clientHost") return "*";
    if (field == "principal") return "User:v";
    if (field == "memberId") return "m";
    return "t";
}

template <class T>
void fill_field(T& value, std::string_view field, Filling& how) {
    if constexpr (is_optional<T>) {
        if (field == "owners") return value.reset();                                 // of everybody
        if (field == "memberId" && how.api == "OffsetFetch") return value.reset();   // of no member
        value.emplace();
        fill_field(*value, field, how);
    } else if constexpr (is_array<T>) {
        using One = std::remove_cvref_t<decltype(value[0])>;
        if (field == "stateFilters" || field == "producerIdFilters" || field == "statesFilter" || field == "typesFilter")
            return;                                                                 // all
        if (field == "acknowledgementBatches" && how.api == "ShareFetch") return;   // the first of a session has none
        auto one = std::make_shared<One>();
        fill_field(*one, field, how);
        value = Array<One>{one.get(), 1};
        how.kept.push_back(std::move(one));
    } else if constexpr (std::is_same_v<T, std::string_view>) {
        value = text_for(field, how.api);
    } else if constexpr (std::is_same_v<T, Uuid>) {
        // Some take a name or an id.
        if (field == "topicId" && how.api != "Metadata" && how.api != "DeleteTopics") value = how.topic_id;
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        if (field == "resourceType") value = 2;
        if (field == "acks") value = static_cast<T>(-1);
        if (field == "maxRecords" || field == "maxBytes") value = static_cast<T>(100);
        if (field == "shareSessionEpoch" && how.api == "ShareAcknowledge") value = 1;
    } else if constexpr (Struct<T>) {
        auto each = [&](std::string_view name, auto& member, When) { fill_field(member, name, how); };
        T::fields(value, each);
    }
}

// ---- all codes that an answer has ----

template <class T>
void collect_codes(const T& value, std::set<ErrorCode>& codes) {
    if constexpr (std::is_same_v<T, ErrorCode>) {
        codes.insert(value);
    } else if constexpr (is_optional<T>) {
        if (value) collect_codes(*value, codes);
    } else if constexpr (List<T>) {
        for (const auto& one : value) collect_codes(one, codes);
    } else if constexpr (Struct<T>) {
        auto each = [&](std::string_view, const auto& member, When) { collect_codes(member, codes); };
        T::fields(value, each);
    }
}

struct Answered {
    std::set<ErrorCode> codes;
    std::size_t bytes = 0;
    bool refused() const {
        return std::ranges::any_of(refusals, [&](ErrorCode code) { return codes.contains(code); });
    }
};

// Nothing: there was no answer.
using Asking = std::optional<Answered> (*)(Client&, const Uuid& topic_id, int version);

template <class Request, class Response>
std::optional<Answered> ask_filled(Client& client, const Uuid& topic_id, int version) {
    Filling how{.api = Request::api.name, .topic_id = topic_id};
    Request request{};
    fill_field(request, "", how);
    client.send(request, version);
    const auto received = client.receive<Response>(version);
    if (!received) return std::nullopt;
    Answered answered{.codes = {}, .bytes = received->frame->size()};
    collect_codes(*received->body, answered.codes);
    return answered;
}

struct Asked {
    Api api;
    Asking ask;
};
template <class Request, class Response, class... Others>
void list_apis(Messages<Request, Response, Others...>, std::vector<Asked>& all) {
    all.push_back({Request::api, &ask_filled<Request, Response>});
    if constexpr (sizeof...(Others) > 0) list_apis(Messages<Others...>{}, all);
}
Asking asking(std::int16_t key) {
    static const auto all = [] {
        std::vector<Asked> made;
        list_apis(AllMessages{}, made);
        return made;
    }();
    const auto found = std::ranges::find(all, key, [](const Asked& one) { return one.api.key; });
    REQUIRE(found != all.end());
    return found->ask;
}

// Nobody may do anything but root. There are a topic, a group with an offset, a transactional id and a token.
struct Guarded {
    Server server;
    Client root, u;
    Uuid topic_id;

    static DoorOptions options() {
        DoorOptions options;
        options.configs = {
            {"allow.everyone.if.no.acl.found", "false"}, {"super.users", "User:root"}, {"delegation.token.secret.key", "s"}};
        return options;
    }
    Guarded() : server{options()}, root{server}, u{server} {
        topic_id = to_wire_id(server.create("t", 1)->topic_id);
        login(root, "root");
        login(u, "u");
        OffsetCommitRequest commit{};
        commit.group_id = "g";
        commit.generation_id_or_member_epoch = -1;
        const OffsetCommitRequest::Partition offset{.partition_index = 0, .committed_offset = 1};
        const OffsetCommitRequest::Topic offsets{.name = "t", .topic_id = {}, .partitions = {&offset, 1}};
        commit.topics = {&offsets, 1};
        root.ask<OffsetCommitResponse>(commit, 7);
        InitProducerIdRequest init{};
        init.transactional_id = "x";
        init.transaction_timeout_ms = 1000;
        init.producer_id = -1;
        init.producer_epoch = -1;
        REQUIRE(root.ask<InitProducerIdResponse>(init, 4)->error_code == ErrorCode::none);
        CreateDelegationTokenRequest token{};
        REQUIRE(root.ask<CreateDelegationTokenResponse>(token, 2)->error_code == ErrorCode::none);
    }
    static void login(Client& client, std::string_view user) {
        using namespace std::string_view_literals;
        REQUIRE(client.ask<SaslHandshakeResponse>(SaslHandshakeRequest{.mechanism = "PLAIN"}, 1)->error_code == ErrorCode::none);
        const auto token = std::string("\0", 1).append(user).append("\0p"sv);
        REQUIRE(client.ask<SaslAuthenticateResponse>(SaslAuthenticateRequest{.auth_bytes = as_bytes(token)}, 2)->error_code ==
                ErrorCode::none);
    }
    void allow(ResourceType type, std::string_view name, AclOperation operation = AclOperation::all) {
        const CreateAclsRequest::Creation one{.resource_type = static_cast<std::int8_t>(type),
                                              .resource_name = name,
                                              .resource_pattern_type = static_cast<std::int8_t>(PatternType::literal),
                                              .principal = "User:u",
                                              .host = "*",
                                              .operation = static_cast<std::int8_t>(operation),
                                              .permission_type = static_cast<std::int8_t>(AclPermission::allow)};
        REQUIRE(root.ask<CreateAclsResponse>(CreateAclsRequest{.creations = {&one, 1}}, 3)->results[0].error_code ==
                ErrorCode::none);
    }
};

}   // namespace

TEST_CASE("every API refuses who has no rights in each of its versions, or leaves out what it may not see, and no super user") {
    for (const auto& route : all_routes()) {
        const auto open = std::ranges::find(open_to_all, route.api.name, &OpenToAll::api);
        int first = route.api.name == "Produce" ? 3 : route.min;   // the others end the connection
        if (open != std::end(open_to_all)) first = open->until + 1;
        if (first > route.max) continue;
        const auto leaves_out = std::ranges::find(leave_out, route.api.name, &LeavesOut::api);
        const auto ask = asking(route.api.key);
        Guarded guarded;
        for (int version = first; version <= route.max; ++version) {
            CAPTURE(route.api.name);
            CAPTURE(version);
            const auto told = ask(guarded.u, guarded.topic_id, version);
            REQUIRE(told);
            if (leaves_out == std::end(leave_out) || version > leaves_out->until) {
                CHECK(told->refused());
                continue;
            }
            CHECK_FALSE(told->refused());
            const auto whole = ask(guarded.root, guarded.topic_id, version);
            REQUIRE(whole);
            CHECK(told->bytes < whole->bytes);
        }
        CAPTURE(route.api.name);
        const auto told = ask(guarded.root, guarded.topic_id, route.max);
        REQUIRE(told);
        CHECK_FALSE(told->refused());
    }
}

TEST_CASE("whoever may use a group and a transactional id is still refused the topics that it names with them") {
    for (const std::string_view name :
         {"OffsetCommit", "OffsetFetch", "AddPartitionsToTxn", "TxnOffsetCommit", "OffsetDelete", "ConsumerGroupHeartbeat",
          "ShareGroupHeartbeat", "ShareFetch", "ShareAcknowledge", "StreamsGroupHeartbeat", "DescribeShareGroupOffsets",
          "AlterShareGroupOffsets", "DeleteShareGroupOffsets"}) {
        CAPTURE(name);
        const auto routes = all_routes();
        const auto route = std::ranges::find(routes, name, [](const Route& one) { return one.api.name; });
        REQUIRE(route != routes.end());
        Guarded guarded;
        guarded.allow(ResourceType::group, "g");
        guarded.allow(ResourceType::group, "s");
        guarded.allow(ResourceType::transactional_id, "x");
        const int version = name == "AddPartitionsToTxn" ? 3 : route->max;   // later ones are between brokers
        // A share session is opened by the first request of its member, and the topics are looked at from then on.
        if (name == "ShareAcknowledge") REQUIRE(asking(78)(guarded.u, guarded.topic_id, 1));
        const auto told = asking(route->api.key)(guarded.u, guarded.topic_id, version);
        REQUIRE(told);
        CHECK(told->codes.contains(ErrorCode::topic_authorization_failed));
        CHECK_FALSE(told->codes.contains(ErrorCode::group_authorization_failed));
        CHECK_FALSE(told->codes.contains(ErrorCode::transactional_id_authorization_failed));
        guarded.allow(ResourceType::topic, "t");
        const auto then = asking(route->api.key)(guarded.u, guarded.topic_id, version);
        REQUIRE(then);
        CHECK_FALSE(then->refused());
    }
}
