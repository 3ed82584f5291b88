// max.connections and max.connections.per.ip: how many connections the door takes, and from one address.
#include <doctest/doctest.h>

#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/incremental_alter_configs.h"
#include "storage/store.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

DoorOptions with(std::map<std::string, std::string> configs) {
    DoorOptions options;
    options.configs = std::move(configs);
    return options;
}

// How many of that many clients are served; the others find their connections closed.
std::size_t served(Server& server, std::size_t count) {
    std::vector<std::unique_ptr<Client>> clients;
    std::size_t good = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto& client = *clients.emplace_back(std::make_unique<Client>(server));
        client.send(ApiVersionsRequest{}, 0);
        if (client.frame()) ++good;
    }
    for (auto& client : clients) client->leave();
    server.turn();
    return good;
}

}   // namespace

TEST_CASE("no more connections are taken than max.connections and max.connections.per.ip allow, and one that ends makes room") {
    for (const auto* name : {"max.connections", "max.connections.per.ip"}) {
        CAPTURE(name);
        Server server(with({{name, "3"}}));
        CHECK(served(server, 5) == 3);
        CHECK(server.door->connections() == 0);
        CHECK(served(server, 5) == 3);
    }
}

TEST_CASE("an override says how many connections its address may have, whatever others may") {
    Server more(with({{"max.connections.per.ip", "1"}, {"max.connections.per.ip.overrides", "10.0.0.1:0, 127.0.0.1:4"}}));
    CHECK(served(more, 6) == 4);
    Server none(with({{"max.connections.per.ip.overrides", "127.0.0.1:0"}}));
    CHECK(served(none, 2) == 0);
}

TEST_CASE("a limit of connections that was changed at run time counts from the next connection on") {
    Server server(with({{"max.connections.per.ip", "2"}}));
    {
        Client client(server);
        const IncrementalAlterConfigsRequest::Config config{
            .name = "max.connections.per.ip", .config_operation = 0, .value = "4"};
        const IncrementalAlterConfigsRequest::Resource resource{.resource_type = 4, .resource_name = "", .configs = {&config, 1}};
        const auto answer =
            client.ask<IncrementalAlterConfigsResponse>(IncrementalAlterConfigsRequest{.resources = {&resource, 1}}, 1);
        REQUIRE(answer->resources.at(0).error_code == ErrorCode::none);
        client.leave();
    }
    CHECK(served(server, 6) == 4);
}

TEST_CASE("an override that names no address or no count is told at the start") {
    for (const auto* value : {"localhost:4", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:-1"}) {
        CAPTURE(value);
        CHECK_THROWS_AS(Server(with({{"max.connections.per.ip.overrides", value}})), storage::StartError);
    }
}
