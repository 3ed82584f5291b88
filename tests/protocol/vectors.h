// Reads the recorded vectors of tests/wire for the wire tests: gzipped files of one JSON object a line.
#pragma once

#include <zlib.h>

#include <doctest/doctest.h>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/support/source_folder.h"

namespace sluice::test {

inline std::string read_text(const std::string& name) {
    const std::string path = std::string{SLUICE_SOURCE_DIR} + "/tests/wire/kafka/" + name;
    gzFile file = gzopen(path.c_str(), "rb");   // reads plain files too
    REQUIRE_MESSAGE(file != nullptr, path);
    std::string text;
    char buffer[65536];
    for (int n; (n = gzread(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    gzclose(file);
    return text;
}

inline std::vector<nlohmann::json> read_vectors(const std::string& name) {
    const auto text = read_text(name);
    std::vector<nlohmann::json> lines;
    for (std::size_t at = 0; at < text.size();) {
        auto end = text.find('\n', at);
        if (end == std::string::npos) end = text.size();
        if (end > at) lines.push_back(nlohmann::json::parse(text.substr(at, end - at)));
        at = end + 1;
    }
    return lines;
}

inline nlohmann::json read_document(const std::string& name) { return nlohmann::json::parse(read_text(name)); }

inline std::vector<std::byte> from_hex(const std::string& hex) {
    auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::vector<std::byte> bytes(hex.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
    }
    return bytes;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
    std::string hex;
    for (const auto byte : bytes) {
        hex += "0123456789abcdef"[std::to_integer<int>(byte) >> 4];
        hex += "0123456789abcdef"[std::to_integer<int>(byte) & 15];
    }
    return hex;
}

}   // namespace sluice::test
