#include "emulator/streams/limits/throttle.h"

#include <doctest/doctest.h>

using namespace sluice;
using streams::Bucket;

namespace {

std::int64_t pass(Bucket& bucket, std::int64_t tries, std::int64_t at_ms) {
    std::int64_t passed = 0;
    for (; tries > 0 && bucket.covers(1, from_ms(at_ms)); --tries) {
        bucket.take(1, from_ms(at_ms));
        ++passed;
    }
    return passed;
}

}   // namespace

TEST_CASE("rule 10's table: 1,000 records a second, held to the millisecond") {
    Bucket bucket{1000, 1000, from_ms(0)};
    CHECK(pass(bucket, 2000, 0) == 1000);
    CHECK(pass(bucket, 2000, 1) == 1);
    CHECK(pass(bucket, 2000, 500) == 499);
    CHECK(pass(bucket, 20000, 10'500) == 1000);
}

TEST_CASE("rule 10's table: a bucket passes 2 where a fixed window would pass 1,000") {
    Bucket bucket{1000, 1000, from_ms(0)};
    CHECK(pass(bucket, 1000, 999) == 1000);
    CHECK(pass(bucket, 1000, 1001) == 2);
}

TEST_CASE("rule 10's table: three calls every millisecond for ten seconds pass 11,000") {
    Bucket bucket{1000, 1000, from_ms(0)};
    std::int64_t passed = 0;
    for (int ms = 0; ms < 10'000; ++ms) passed += pass(bucket, 3, ms);
    CHECK(passed >= 10'999);
    CHECK(passed <= 11'001);
}

TEST_CASE("no fraction of a token is lost however small the steps") {
    Bucket slow{3, 3, from_ms(0)};
    CHECK(pass(slow, 3, 0) == 3);
    std::int64_t passed = 0;
    for (int ms = 1; ms <= 100'000; ++ms) passed += pass(slow, 1, ms);
    CHECK(passed == 300);
}

TEST_CASE("a read passes while the balance is above zero, and a large answer leaves minus its bytes") {
    Bucket read{2 << 20, 2 << 20, from_ms(0)};
    REQUIRE(read.positive(from_ms(0)));
    read.take_read(10 << 20, from_ms(0));
    CHECK_FALSE(read.positive(from_ms(4999)));
    CHECK_FALSE(read.positive(from_ms(5000)));
    CHECK(read.positive(from_ms(5001)));
}

TEST_CASE("while something is reserved nobody is let in, and what others take meanwhile is kept") {
    Bucket read{1000, 1000, from_ms(0)};
    read.reserve(5000);
    CHECK_FALSE(read.positive(from_ms(0)));
    read.take_read(300, from_ms(0));
    read.clear();   // a failed commit: the balance is read again from the store
    CHECK(read.unlimited());
    read.change(1000, 1000, from_ms(0));
    CHECK_FALSE(read.positive(from_ms(0)));
    read.take_read(300, from_ms(0));
    read.reserve(-5000);
    CHECK(read.balance_thousandths(from_ms(0)) == 700'000);
    CHECK(read.positive(from_ms(0)));
}

TEST_CASE("a debt is told as the time until it is paid, rounded up") {
    Bucket bucket{1000, 1000, from_ms(0)};
    bucket.take(2500, from_ms(0));
    CHECK(bucket.debt(from_ms(0)) == milliseconds{1500});
    CHECK(bucket.debt(from_ms(1499)) == milliseconds{1});
    CHECK(bucket.debt(from_ms(1500)) == milliseconds{0});
    bucket.take(1, from_ms(1500));
    CHECK(bucket.debt(from_ms(1500)) == milliseconds{1});
}

TEST_CASE("years of idling fill a bucket and overflow nothing") {
    Bucket bucket{1 << 20, 10 << 20, from_ms(0)};
    bucket.take(10 << 20, from_ms(0));
    CHECK(bucket.covers(10 << 20, from_ms(INT64_MAX / 1'000'000)));
    CHECK_FALSE(bucket.covers((10 << 20) + 1, from_ms(INT64_MAX / 1'000'000)));
}
