// Plays the scripts of tests/scripts/kafka: requests with their answers as text, through sockets to a server in memory whose time
// moves when the script says so. The README there says how a script is written and how its answers are made anew.
#include <map>
#include <memory>
#include <set>

#include "tests/scripts/script.h"
#include "tests/scripts/spoken.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;
using test::Json;

namespace {

constexpr std::size_t longest_line = 130;

class KafkaDoor {
  public:
    std::string answer(const std::string& text) {
        std::istringstream words{test::expanded(text)};
        std::string who = "@a", name, version;
        words >> name;
        if (name.starts_with("@")) {
            who = name;
            words >> name;
        }
        words >> version;
        auto fields = Json::parse(words);
        put_back(fields);
        auto& asking = connections_[who];
        if (asking.waits) throw std::runtime_error{who + " still waits for its answer to " + std::string{asking.waits->api.name}};
        const auto api = test::spoken_by(name);
        asking.version = version.starts_with("v") ? std::stoi(version.substr(1)) : -1;
        if (!api.api.knows(asking.version)) throw std::runtime_error{"no version " + version + " of " + name};
        if (!asking.client) asking.client = std::make_unique<Client>(server_, who.substr(1));
        asking.client->write(api.request(fields, asking.version, to_ms(server_.clock().now()), 0, who.substr(1), false));
        asking.waits = api;
        auto told = come(asking);
        return (told.empty() ? "parked\n" : told) + come_later();
    }
    std::string pass(milliseconds span) {
        server_.pass(span);
        return come_later();
    }
    void finish() const {
        for (const auto& [who, connection] : connections_)
            if (connection.waits)
                throw std::runtime_error{"the script ends while " + who + " waits for its answer to " +
                                         std::string{connection.waits->api.name}};
    }

  private:
    struct Connection {
        std::unique_ptr<Client> client;   // none before the first request, and after the server has closed it
        std::optional<test::Spoken> waits;
        int version = 0;
    };

    // The answer that is there by now, if any.
    std::string come(Connection& connection) {
        const auto frame = connection.client->frame();
        if (!frame) {
            if (!connection.client->closed()) return {};
            connection = {};
            return "closed\n";
        }
        auto fields = Json::parse(connection.waits->print(*frame, connection.version));
        connection.waits.reset();
        clear_up(fields);
        return test::laid_out(fields, longest_line) + "\n";
    }
    std::string come_later() {
        std::string all;
        for (auto& [who, connection] : connections_)
            if (connection.waits)
                if (const auto told = come(connection); !told.empty()) all += who + " answers\n" + told;
        return all;
    }
    // Shows codes with their names, records as such, and what was left to chance by a number that a request may name.
    void clear_up(Json& value, const std::string& name = "") {
        static const std::set<std::string> chosen{"clusterId", "leader", "memberId", "sessionId", "topicId"};
        static const std::set<Json> none{0, "", Json(), to_text(Uuid{})};
        if (value.is_object()) {
            for (auto& [key, part] : value.items()) clear_up(part, key);
        } else if (value.is_array()) {
            for (auto& part : value) clear_up(part);
        } else if (name == "errorCode" && value != 0) {
            const auto code = value.get<std::int16_t>();
            value = std::to_string(code) + " " + std::string{name_of(static_cast<ErrorCode>(code))};
        } else if (name == "records" && value.is_string()) {
            value = test::batches_in(test::bytes_of(value.get<std::string>()));
        } else if (name == "port" && value == server_.endpoint.port) {
            value = "$port";
        } else if (chosen.contains(name) && !none.contains(value) && !written_.contains(value)) {
            const auto found = std::ranges::find(chosen_, value);
            const auto number = found - chosen_.begin() + 1;
            if (found == chosen_.end()) chosen_.push_back(value);
            value = "$" + std::to_string(number);
        }
    }
    void put_back(Json& value) {
        if (value.is_structured()) {
            for (auto& part : value) put_back(part);
        } else if (value.is_string()) {
            const auto& text = value.get_ref<const std::string&>();
            if (!std::regex_match(text, std::regex{"\\$[0-9]+"})) return void(written_.insert(value));
            const auto number = std::stoul(text.substr(1));
            if (number == 0 || number > chosen_.size()) throw std::runtime_error{"nothing was shown as " + text};
            value = chosen_[number - 1];
        }
    }

    Server server_;
    std::map<std::string, Connection> connections_;
    std::vector<Json> chosen_;
    std::set<Json> written_;   // texts that stand in a request, and so may stand in its answer
};

}   // namespace

TEST_CASE("each script of the Kafka door is answered as it says") { test::check_scripts<KafkaDoor>("kafka", 9); }

TEST_CASE("a Kafka script that is wrong says in which line and why") {
    const auto fault = [](const std::string& script) -> std::string {
        try {
            return "played: " + test::play<KafkaDoor>(script);
        } catch (const std::exception& wrong) {
            return wrong.what();
        }
    };
    CHECK(fault("# A comment.\n> Metadat v12 {}\n") == "line 2: no API Metadat");
    CHECK(fault("> Metadata v14 {}\n") == "line 1: no version v14 of Metadata");
    CHECK(fault("> Metadata v12 {\"topic\": []}\n") == "line 1: no field topic in version 12: {\"topic\":[]}");
    CHECK(fault("> FindCoordinator v4 {\"key\": \"g\"}\n") == "line 1: no field key in version 4: {\"key\":\"g\"}");
    CHECK(fault("> Fetch v12 {\"minBytes\": 2147483648}\n") == "line 1: no number of 4 bytes: 2147483648");
    CHECK(fault("> Heartbeat v4 {\"memberId\": \"$1\"}\n") == "line 1: nothing was shown as $1");
    CHECK(fault("> Metadata v12 {}\n\nclokc 1s\n") == "line 3: neither a request, a comment nor an answer: clokc 1s");
    const std::string parked =
        "> CreateTopics v4 {\"topics\": [{\"name\": \"t\", \"numPartitions\": 1, \"replicationFactor\": 1}]}\n\n"
        "> @b Fetch v12 {\"maxWaitMs\": 9, \"minBytes\": 1, \"topics\": [{\"topic\": \"t\", \"partitions\": [{}]}]}\n\n";
    CHECK(fault(parked) == "line 4: the script ends while @b waits for its answer to Fetch");
    CHECK(fault(parked + "> @b Heartbeat v4 {}\n") == "line 5: @b still waits for its answer to Fetch");
    CHECK(fault(parked + "clock 9ms\n").starts_with("played: "));
}
