// Dead letters of share groups (KIP-1191): a record that a group gave up on is written to the topic that the group's settings
// name, with headers that say where it was and why. As in Kafka, a record whose letter cannot be written is settled all the same;
// the event log says why. Seen: Kafka 4.4.0, records of its dead-letter topics.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "emulator/kafka/configs/configs.h"
#include "emulator/streams/engine.h"
#include "emulator/streams/queues/backlog.h"
#include "protocol/batch/record.h"

namespace sluice::kafka {

class DeadLetters {
  public:
    DeadLetters(streams::Engine&, streams::World&, const Configs&);

    // Within the unit that settles them. Letters whose record only a disk has come later: a kill before that loses them.
    void write(const std::string& group, const streams::Stream& from, std::span<const streams::GivenUp>);

  private:
    struct Letter;
    streams::StreamPointer topic_of(const std::string& group, const std::string& name);
    streams::Result<streams::StreamPointer> create(const std::string& name);
    bool read(const streams::Stream& from, Letter&);
    void append(const std::string& group, const streams::Shard& to, std::span<const Letter> letters);
    void say(const std::string& group, const std::string& why);

    streams::Engine& engine_;
    streams::World& world_;
    const Configs& configs_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // who waits for a disk asks first
};

}   // namespace sluice::kafka
