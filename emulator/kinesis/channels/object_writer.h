// What stands in an object, and what is put aside: records are copied on the loop and looked at, packed and written on a thread
// beside it, a piece at a time. BYTE_ARRAY: each record's bytes, nothing between them. STRING and JSON: each record is a line;
// the line feed is added where the record does not end with one. A STRING that is no UTF-8 and a JSON that does not parse become
// lines of another object, with what was wrong.
#pragma once

#include <string>
#include <vector>

#include "emulator/kinesis/channels/object_file.h"
#include "emulator/streams/channels.h"

namespace sluice::kinesis {

// Records of one shard, copied.
struct Piece {
    struct Item {
        std::size_t bytes{};   // of `text`, behind those of the items before
        streams::Position position{};
        std::int64_t appended_ms{};
        std::string partition_key;   // where somebody may have to be told it
    };
    std::string text;
    std::vector<Item> items;
};

class ObjectWriter {
  public:
    struct Paths {
        std::string unfinished, unfinished_errors, object, errors;
    };
    struct Source {   // what a line about a record says of where it comes from
        std::string channel, channel_id, stream;
        std::int32_t shard{};
        std::int64_t shard_created_s{};
    };
    ObjectWriter(streams::ChannelForm form, batch::Packing packing, Paths paths, Source source)
        : paths_(std::move(paths)),
          source_(std::move(source)),
          form_(form),
          object_(paths_.unfinished, packing),
          errors_(paths_.unfinished_errors, batch::Packing::none) {}

    // On the thread; each yields 0 or an errno.
    int add(const Piece&);
    int finish();
    int publish();   // what is there already stays: it was published before a kill
    const Paths& paths() const { return paths_; }

  private:
    std::string_view fault_of(std::string_view record) const;
    std::string line_about(const Piece::Item&, std::string_view record, std::string_view fault) const;

    Paths paths_;
    Source source_;
    streams::ChannelForm form_;
    ObjectFile object_, errors_;
};

}   // namespace sluice::kinesis
