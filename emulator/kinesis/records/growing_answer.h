// An answer whose list is written slice by slice, before it is known how many items there will be: so that no turn of the loop is
// as long as the whole answer. The head, which says how many, is written last and sent before the rest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/kinesis/encode.h"

namespace sluice::kinesis {

template <class Result>
class GrowingAnswer {
  public:
    // `list`: the member that grows.
    GrowingAnswer(Encoding encoding, std::string_view list) : encoding_(encoding), list_(list) {}
    GrowingAnswer(const GrowingAnswer&) = delete;
    GrowingAnswer& operator=(const GrowingAnswer&) = delete;
    std::size_t count() const { return count_; }
    // Of all that will come; before the first item.
    void room_for(std::size_t bytes) {
        if (!json_) text_.reserve(bytes);
        begin();
    }
    template <class Item>
    void add(const Item& item) {
        ++count_;
        write([&](auto& writer) { write_value(writer, item); });
    }
    // `rest` has all members but the list.
    Answer finish(const Result& rest) {
        Answer answer{.status = 200, .content_type = content_type(encoding_)};
        std::size_t members = 0;
        const auto tally = [&](std::string_view, const auto& member, const Rules&) { members += present(member); };
        Result::members(rest, tally);
        const auto open = [&](auto&& writer) {
            writer.begin_map(members);
            writer.member(list_);
            if (encoding_ == Encoding::cbor) writer.begin_list(count_);
        };
        begin();
        if (json_) json_->end_list();
        write([&](auto& writer) {
            const auto put = [&](std::string_view name, const auto& member, const Rules&) {
                if (name == list_ || !present(member)) return;
                writer.member(name);
                write_value(writer, member);
            };
            Result::members(rest, put);
            writer.end_map();
        });
        json_.reset();   // now the text has its size
        encoding_ == Encoding::cbor ? open(CborWriter{answer.front}) : open(JsonWriter{answer.front});
        if (text_.size() <= most_moved) text_.insert(0, std::exchange(answer.front, {}));
        answer.body = std::move(text_);
        return answer;
    }

  private:
    static constexpr std::size_t most_moved = 64 << 10;
    void begin() {
        if (encoding_ == Encoding::cbor || json_) return;
        json_.emplace(text_);
        json_->begin_list(0);
    }
    void write(auto&& use) { encoding_ == Encoding::cbor ? use(cbor_) : use(*json_); }

    Encoding encoding_;
    std::string_view list_;
    std::string text_;
    std::size_t count_ = 0;
    std::optional<JsonWriter> json_;   // from the first item on
    CborWriter cbor_{text_};
};

}   // namespace sluice::kinesis
