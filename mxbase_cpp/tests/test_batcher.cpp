#include "mxclassify/batcher.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <system_error>

#include "mxclassify/clock.h"
#include "simulated.h"

using namespace mxclassify;

namespace {
constexpr double FAR_S = 60;

struct Harness {
    explicit Harness(std::map<size_t, double> costs, BatcherOptions options = {2, 2, 1000})
        : backend(std::make_shared<Simulated>(std::move(costs))),
          batcher(std::make_unique<Batcher>(backend, options, [this](std::vector<Completion> done) {
              const std::lock_guard<std::mutex> guard(mutex);
              ++calls;
              for (auto &one : done) {
                  const uint64_t id = one.id;
                  CHECK(results.emplace(id, std::move(one)).second);
              }
          })) {}

    std::shared_ptr<Simulated> backend;
    std::mutex mutex;
    std::map<uint64_t, Completion> results;
    int calls = 0;
    std::unique_ptr<Batcher> batcher;
};
}  // namespace

TEST_CASE("everything that is taken is answered once, with its own answer") {
    Harness harness({{1, 0.0002}, {2, 0.0003}, {4, 0.0004}});
    std::vector<std::thread> clients;
    for (uint64_t client = 0; client < 4; ++client) {
        clients.emplace_back([&harness, client] {
            for (uint64_t n = 0; n < 500; ++n) {
                const uint64_t id = client * 1000 + n;
                while (!harness.batcher->Submit(id, {static_cast<uint8_t>(id % 251)}, Now() + FAR_S, id % 3 == 0)) Sleep(0.0005);
                if (n % 7 == 0) harness.batcher->Cancel(id);
            }
        });
    }
    for (auto &client : clients) client.join();
    harness.batcher->Close(FAR_S);
    REQUIRE(harness.results.size() == 2000);
    for (const auto &[id, result] : harness.results) {
        if (result.outcome == Outcome::kOk) {
            CHECK(result.best[0].class_id == static_cast<int>(id % 251));
            CHECK(result.all == (id % 3 ? std::vector<float>{} : std::vector<float>{static_cast<float>(id % 251)}));
        } else {
            CHECK(result.outcome == Outcome::kCancelled);
            CHECK(result.all.empty());
            CHECK(id % 1000 % 7 == 0);
        }
    }
    CHECK(harness.batcher->InFlight() == 0);
}

TEST_CASE("gears are timed at start; an idle device gets a single image at once") {
    Harness harness({{1, 0.02}, {8, 0.04}});
    CHECK(harness.batcher->costs().Best() == 8);
    CHECK(harness.batcher->costs().CostOf(1) >= 0.02);
    const double started_s = Now();
    REQUIRE(harness.batcher->Submit(1, {1}, Now() + FAR_S));
    harness.batcher->Close(FAR_S);
    CHECK(Now() - started_s < 0.2);
    CHECK(harness.results.at(1).gear == 1);
    CHECK(harness.results.at(1).queue_s < 0.02);
}

TEST_CASE("while a batch runs the next one gathers, and is full when it goes") {
    Harness harness({{1, 0.1}, {8, 0.1}});
    for (uint64_t id = 0; id < 9; ++id) {
        REQUIRE(harness.batcher->Submit(id, {static_cast<uint8_t>(id)}, Now() + FAR_S));
        if (id == 0) Sleep(0.03);
    }
    harness.batcher->Close(FAR_S);
    CHECK(harness.results.at(0).batch == 1);
    for (uint64_t id = 1; id < 9; ++id) CHECK(harness.results.at(id).batch == 8);
    CHECK(harness.calls <= 3);  // a batch comes back in one call
}

TEST_CASE("nothing waits for company longer than one inference") {
    Harness harness({{1, 0.1}, {8, 0.1}});
    REQUIRE(harness.batcher->Submit(1, {1}, Now() + FAR_S));
    Sleep(0.02);
    REQUIRE(harness.batcher->Submit(2, {2}, Now() + FAR_S));
    harness.batcher->Close(FAR_S);
    CHECK(harness.results.at(2).batch == 1);
    CHECK(harness.results.at(2).queue_s < 0.1);
    CHECK(harness.results.at(2).queue_s > 0.04);
}

constexpr int LOWEST = 19;  // nothing is nicer, for example below nice -n 19

TEST_CASE("what takes long is decoded by threads of lower priority, and nothing else is") {
    for (const size_t decoders : {1, 3}) {
        Harness harness({{1, 0.0001}}, {decoders, 1, 1000});
        for (uint64_t id = 0; id < 12; ++id) {
            REQUIRE(harness.batcher->Submit(id, {static_cast<uint8_t>(id)}, Now() + FAR_S, false, id % 3 == 0));
        }
        harness.batcher->Close(FAR_S);
        CHECK(harness.backend->decoded == 12);
        CHECK(harness.backend->decoded_nicer == (harness.backend->niceness < LOWEST ? 4 : 0));
        for (const auto &[id, result] : harness.results) CHECK(result.best[0].class_id == static_cast<int>(id));
    }
}

TEST_CASE("no work for what is late or called off") {
    Harness harness({{1, 0.05}}, {1, 1, 1000});
    harness.backend->decode_s = 0.05;
    REQUIRE(harness.batcher->Submit(1, {1}, Now() + FAR_S));
    REQUIRE(harness.batcher->Submit(2, {2}, Now() + 0.02));
    REQUIRE(harness.batcher->Submit(3, {3}, Now() + FAR_S));
    harness.batcher->Cancel(3);
    harness.batcher->Cancel(99);
    harness.batcher->Close(FAR_S);
    CHECK(harness.results.at(1).outcome == Outcome::kOk);
    CHECK(harness.results.at(2).outcome == Outcome::kExpired);
    CHECK(harness.results.at(3).outcome == Outcome::kCancelled);
    CHECK(harness.backend->decoded == 1);
}

TEST_CASE("a broken image is its own fault, a broken device that of nobody's image") {
    Harness harness({{1, 0.001}});
    REQUIRE(harness.batcher->Submit(1, {}, Now() + FAR_S));
    harness.backend->broken = true;
    REQUIRE(harness.batcher->Submit(2, {2}, Now() + FAR_S));
    harness.batcher->Close(FAR_S);
    CHECK(harness.results.at(1).outcome == Outcome::kUndecodable);
    CHECK(harness.results.at(2).outcome == Outcome::kFailed);
    CHECK(harness.results.at(2).error == "broken (code -1)");
}

TEST_CASE("capacity, ids in flight, and the end") {
    Harness harness({{1, 0.02}}, {1, 1, 2});
    REQUIRE(harness.batcher->Submit(1, {1}, Now() + FAR_S));
    CHECK_FALSE(harness.batcher->Submit(1, {1}, Now() + FAR_S));
    REQUIRE(harness.batcher->Submit(2, {2}, Now() + FAR_S));
    CHECK_FALSE(harness.batcher->Submit(3, {3}, Now() + FAR_S));
    harness.batcher->Close(0);
    CHECK(harness.results.size() == 2);
    CHECK(harness.results.at(2).outcome == Outcome::kClosed);
    CHECK_FALSE(harness.batcher->Submit(4, {4}, Now() + FAR_S));
    harness.batcher->Close(0);
}

TEST_CASE("a device that cannot be opened is told at once") {
    auto backend = std::make_shared<Simulated>(std::map<size_t, double>{{1, 0.001}});
    backend->refuses = true;
    CHECK_THROWS_WITH(Batcher(backend, {2, 2, 10}, [](std::vector<Completion>) {}), "no device");
}

namespace {
// From its first lane on, every new thread wants more stack than there are addresses.
struct Exhausting : Simulated {
    Exhausting() : Simulated({{1, 0.001}}) {
        pthread_attr_init(&before);
        pthread_getattr_default_np(&before);
    }
    ~Exhausting() override {
        pthread_setattr_default_np(&before);
        pthread_attr_destroy(&before);
    }
    std::unique_ptr<Lane> OpenLane() override {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, size_t{1} << 47);
        pthread_setattr_default_np(&attributes);
        pthread_attr_destroy(&attributes);
        return Simulated::OpenLane();
    }
    pthread_attr_t before;
};
}  // namespace

TEST_CASE("a machine that has no more threads is told, and those that run end") {
    const auto backend = std::make_shared<Exhausting>();
    const auto open = [&backend] { Batcher(backend, {500, 2, 10}, [](std::vector<Completion>) {}); };
    CHECK_THROWS_AS((open(), open()), std::system_error);  // should the lane be late, the second has no thread at all
}
