// An exchange without a connection: what is given to it is kept, for as long as somebody takes it.
#pragma once

#include "emulator/net/exchange.h"

namespace sluice::test {

struct Taken final : Exchange {
    void head(unsigned, Headers, std::optional<std::size_t>) override {}
    void copy(std::string_view bytes) override { text += bytes; }
    void send(std::string piece) override { text += piece; }
    void share(std::shared_ptr<const std::string> piece) override { text += *piece; }
    Task<bool> room() override { co_return pieces_wanted > 0 && pieces_wanted-- > 0; }
    Task<bool> end() override {
        ended = true;
        co_return true;
    }
    Signal& gone() override { return gone_; }
    bool is_gone() const override { return gone_.ended(); }
    void leave() { gone_.end(); }

    std::string text;
    int pieces_wanted = 1'000'000;
    bool ended = false;

  private:
    Signal gone_;
};

}   // namespace sluice::test
