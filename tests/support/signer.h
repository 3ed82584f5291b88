// A client that signs its requests by Signature Version 4. That the steps of it are AWS's is shown by vectors that botocore made
// (tests/protocol/signature_test.cpp) and by real clients (tests/clients/test_signatures.py).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/aws/verifier.h"

namespace sluice::test {

using OwnedHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = "POST", target = "/", body = "{}";
    OwnedHeaders headers = {};   // Host among them

    std::vector<std::pair<std::string_view, std::string_view>> views() const { return {headers.begin(), headers.end()}; }
    void set(std::string_view name, std::string value) {
        const auto found = std::ranges::find(headers, name, &OwnedHeaders::value_type::first);
        if (found != headers.end()) return void(found->second = std::move(value));
        headers.emplace_back(name, std::move(value));
    }
    void unset(std::string_view name) {
        std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    }
};

struct Signer {
    std::string id = "AKIDEXAMPLE", secret = "secret", token = "", service = "kinesis", region = "us-east-1";

    // All headers that are there are signed.
    void sign(HttpRequest& request, aws::Time at) const {
        request.unset("Authorization");
        request.set("X-Amz-Date", aws::iso_text(at));
        if (!token.empty()) request.set("X-Amz-Security-Token", token);
        const auto scope = scope_at(at), names = names_of(request.headers);
        request.set("Authorization", "AWS4-HMAC-SHA256 Credential=" + id + "/" + scope + ", SignedHeaders=" + names +
                                         ", Signature=" + signature(request, at, names));
    }
    // The same in the query.
    void presign(HttpRequest& request, aws::Time at, const std::string& expires = "60") const {
        const auto names = names_of(request.headers);
        const auto encoded = [](std::string text) {
            for (auto at_slash = text.find_first_of("/;"); at_slash != std::string::npos; at_slash = text.find_first_of("/;"))
                text.replace(at_slash, 1, text[at_slash] == '/' ? "%2F" : "%3B");
            return text;
        };
        request.target += (request.target.contains('?') ? "&" : "?");
        request.target += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + encoded(id + "/" + scope_at(at)) +
                          "&X-Amz-Date=" + aws::iso_text(at) + "&X-Amz-Expires=" + expires +
                          "&X-Amz-SignedHeaders=" + encoded(names);
        request.target += "&X-Amz-Signature=" + signature(request, at, names);
    }

  private:
    std::string scope_at(aws::Time at) const {
        return aws::iso_text(at).substr(0, 8) + "/" + region + "/" + service + "/aws4_request";
    }
    static std::string names_of(const OwnedHeaders& headers) {
        std::vector<std::string> names;
        for (const auto& [name, value] : headers) {
            auto& small = names.emplace_back(name);
            std::ranges::transform(small, small.begin(),
                                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        }
        std::ranges::sort(names);
        std::string text;
        for (const auto& name : names) text += (text.empty() ? "" : ";") + name;
        return text;
    }
    std::string signature(const HttpRequest& request, aws::Time at, const std::string& names) const {
        const auto headers = request.views();
        const auto canonical =
            aws::canonical_request({request.method, request.target, headers}, names, aws::hex(aws::sha256(request.body)));
        const auto key = aws::signing_key(secret, aws::iso_text(at).substr(0, 8), region, service);
        return aws::hex(
            aws::hmac_sha256(aws::view(key), aws::string_to_sign(aws::iso_text(at), scope_at(at), canonical.value())));
    }
};

}   // namespace sluice::test
