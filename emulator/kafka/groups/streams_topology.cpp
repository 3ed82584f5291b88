#include "emulator/kafka/groups/streams_topology.h"

#include <algorithm>

namespace sluice::kafka {

namespace {

std::string listed_names(const std::set<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

class Needs {
  public:
    Needs(const StreamsTopology& topology, const TopicTable& table) : topology_(topology), table_(table) {}
    StreamsNeeds find() {
        if (sources() && repartitions() && copartitions()) {
            count_tasks();
            look_for_internals();
        }
        return std::move(out_);
    }

  private:
    using Subtopology = StreamsTopology::Subtopology;

    bool refuse(StreamsStatus status, std::string text) {
        out_.fault = {status, std::move(text)};
        return false;
    }
    bool sources() {
        std::set<std::string> missing;
        for (const auto& sub : topology_.subtopologies)
            for (const auto& name : sub.sources) {
                if (const auto size = table_.find(name))
                    counts_[name] = size->partitions;
                else
                    missing.insert(name);
            }
        return missing.empty() ||
               refuse(StreamsStatus::missing_source_topics, "Source topics " + listed_names(missing) + " are missing.");
    }
    // How many tasks it has; nothing while a topic of it is not known.
    std::optional<std::int32_t> size_of(const Subtopology& sub) const {
        std::int32_t most = 0;
        const auto consider = [&](const std::string& name) {
            const auto count = counts_.find(name);
            if (count == counts_.end()) return false;
            most = std::max(most, count->second);
            return true;
        };
        for (const auto& name : sub.sources)
            if (!consider(name)) return std::nullopt;
        for (const auto& topic : sub.repartition_sources)
            if (!consider(topic.name)) return std::nullopt;
        return most;
    }
    // A repartition topic that does not say has as many partitions as the largest subtopology that writes to it has tasks.
    bool repartitions() {
        std::set<std::string> unknown;
        for (const auto& sub : topology_.subtopologies)
            for (const auto& topic : sub.repartition_sources) {
                if (topic.partitions > 0)
                    counts_[topic.name] = topic.partitions;
                else
                    unknown.insert(topic.name);
            }
        for (bool found = true; found && !unknown.empty();) {
            found = false;
            for (const auto& name : std::set<std::string>{unknown}) {
                std::int32_t most = 0;
                bool known = true;
                for (const auto& sub : topology_.subtopologies) {
                    if (std::ranges::find(sub.sinks, name) == sub.sinks.end()) continue;
                    const auto size = size_of(sub);
                    known = known && size;
                    most = std::max(most, size.value_or(0));
                }
                if (!known || most == 0) continue;
                counts_[name] = most;
                unknown.erase(name);
                found = true;
            }
        }
        return unknown.empty() || refuse(StreamsStatus::missing_internal_topics,
                                         "Number of partitions is not known for repartition topics: " + listed_names(unknown));
    }
    // Topics that are joined have equal numbers of partitions: repartition topics follow, others cannot.
    bool copartitions() {
        for (const auto& sub : topology_.subtopologies)
            for (const auto& group : sub.copartitioned) {
                std::set<std::string> names;
                std::set<std::int32_t> fixed;
                for (const auto i : group.sources)
                    if (i >= 0 && std::size_t(i) < sub.sources.size()) {
                        names.insert(sub.sources[std::size_t(i)]);
                        fixed.insert(counts_[sub.sources[std::size_t(i)]]);
                    }
                std::vector<std::string> follow;
                std::int32_t most = 0;
                for (const auto i : group.repartition_sources)
                    if (i >= 0 && std::size_t(i) < sub.repartition_sources.size()) {
                        const auto& topic = sub.repartition_sources[std::size_t(i)];
                        names.insert(topic.name);
                        most = std::max(most, counts_[topic.name]);
                        if (topic.partitions > 0)
                            fixed.insert(topic.partitions);
                        else
                            follow.push_back(topic.name);
                    }
                if (fixed.size() > 1)
                    return refuse(StreamsStatus::incorrectly_partitioned_topics,
                                  "Following topics do not have the same number of partitions: [" + listed_names(names) + "]");
                for (const auto& name : follow) counts_[name] = fixed.empty() ? most : *fixed.begin();
            }
        return true;
    }
    void count_tasks() {
        for (const auto& sub : topology_.subtopologies) {
            out_.tasks[sub.id] = size_of(sub).value_or(0);
            if (!sub.changelogs.empty()) out_.stateful.insert(sub.id);
            auto& topics = out_.topics[sub.id];
            topics = sub.sources;
            for (const auto& topic : sub.repartition_sources) topics.push_back(topic.name);
        }
    }
    void need(StreamsTopology::InternalTopic topic, std::int32_t partitions) {
        topic.partitions = partitions;
        const auto there = table_.find(topic.name);
        if (there && there->partitions != partitions && !out_.fault)
            refuse(StreamsStatus::incorrectly_partitioned_topics,
                   "Existing internal topic " + topic.name + " has invalid number of partitions: expected " +
                       std::to_string(partitions) + ", actual " + std::to_string(there->partitions) + ".");
        if (!there) out_.missing.push_back(topic);
        out_.internal.push_back(std::move(topic));
    }
    void look_for_internals() {
        for (const auto& sub : topology_.subtopologies) {
            for (const auto& topic : sub.repartition_sources) need(topic, counts_[topic.name]);
            for (const auto& topic : sub.changelogs) {
                const bool source = std::ranges::find(sub.sources, topic.name) != sub.sources.end();
                if (!source) need(topic, topic.partitions > 0 ? topic.partitions : out_.tasks[sub.id]);
            }
        }
        if (out_.missing.empty() || out_.fault) return;
        std::set<std::string> names;
        for (const auto& topic : out_.missing) names.insert(topic.name);
        refuse(StreamsStatus::missing_internal_topics, "Internal topics are missing: " + listed_names(names));
    }

    const StreamsTopology& topology_;
    const TopicTable& table_;
    std::map<std::string, std::int32_t> counts_;
    StreamsNeeds out_;
};

}   // namespace

StreamsNeeds needs_of(const StreamsTopology& topology, const TopicTable& table) { return Needs{topology, table}.find(); }

}   // namespace sluice::kafka
