#include "emulator/streams/catalog/places.h"

#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {

bool is_account(std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_region(std::string_view text) {
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, good);
}

std::optional<Place> place_of(std::string_view topic) {
    if (topic.size() < 16 || topic[12] != '.') return {};
    const auto end = topic.find('.', 13);
    if (end == std::string_view::npos || end + 1 == topic.size()) return {};
    const Place place{topic.substr(0, 12), topic.substr(13, end - 13), topic.substr(end + 1)};
    if (!is_account(place.account) || !is_region(place.region)) return {};
    return place;
}

std::string place_key(std::string_view account, std::string_view region) {
    return std::string{account}.append(".").append(region);
}

// What a stream adds to its world's tallies replaces what it added before. Called behind each change that may move it; calling it
// once more does no harm.
void Catalog::count(Stream& stream) {
    auto& [all, places] = books_of(stream).tallies;
    const auto place = place_of(stream.name);
    const auto move = [&](Tally& to, bool shown) {
        const bool coming_or_going = stream.status == StreamStatus::creating || stream.status == StreamStatus::deleting;
        const Tally now =
            shown ? Tally{std::ssize(stream.open_ranges), stream.on_demand ? 1 : 0, coming_or_going ? 1 : 0} : Tally{};
        to += now;
        return now;
    };
    const bool there = !stream.deleted && !stream.internal && !stream.provisional;
    const auto key = place ? place_key(place->account, place->region) : std::string{};
    auto& mine = places[key];
    all -= stream.tally, mine -= stream.tally_of_place;
    stream.tally = move(all, there && shown_name(stream.name));
    stream.tally_of_place = move(mine, there && shown_name(place ? place->name : std::string_view{stream.name}));
    if (mine == Tally{}) places.erase(key);
}

}   // namespace sluice::streams
