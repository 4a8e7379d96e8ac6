// The contract of core/store/store.h, sentence by sentence, for every driver.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "drivers.h"
#include "support/expect_error.h"

namespace lifeboat::test {
namespace {

class StoreContract : public testing::TestWithParam<Driver> {
protected:
    StoreContract() : place_(GetParam().make()), store_(place_->Open()), other_(place_->Open()) {}

    Store& store() { return *store_; }
    Store& other() { return *other_; } // another driver for the same store

    static std::set<std::string> Names(Store& store, std::string_view prefix) {
        std::set<std::string> names;
        store.List(prefix, [&](const StoreObject& object) {
            EXPECT_TRUE(names.insert(object.name).second) << object.name << " is listed twice";
        });
        return names;
    }
    static std::string ReadRange(Store& store, std::string_view name, ByteRange range) {
        const auto source = store.Get(name, range);
        std::string text;
        std::byte piece[1000];
        while (const size_t got = source->Read(piece)) text += AsText(Bytes(piece, got));
        EXPECT_EQ(source->Read(piece), 0U) << "the end is not the end";
        return text;
    }
    static std::string RandomText(size_t size, unsigned seed) {
        std::mt19937 random(seed);
        std::string text(size, '\0');
        for (char& c : text) c = static_cast<char>(random());
        return text;
    }

private:
    std::unique_ptr<Place> place_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Store> other_;
};

constexpr uint64_t kPlenty = 64 << 20;
constexpr std::string_view kName = "objects/ab/abcdef0123456789abcdef0123456789.zst";

TEST_P(StoreContract, WhatWasCreatedCanBeReadAtOnce) {
    store().Put(kName, AsBytes("rows"));
    EXPECT_EQ(store().Read(kName, kPlenty), "rows");
    EXPECT_EQ(other().Read(kName, kPlenty), "rows");
    const StoreObject object = store().Stat(kName);
    EXPECT_EQ(object.name, kName);
    EXPECT_EQ(object.size, 4U);
    EXPECT_LT(std::chrono::abs(Now() - object.modified), std::chrono::minutes(5));
    EXPECT_TRUE(store().Exists(kName));
}

TEST_P(StoreContract, AbsentUntilFinished) {
    const auto sink = store().Create(kName);
    sink->Write(AsBytes("rows"));
    EXPECT_FALSE(other().Exists(kName));
    EXPECT_EQ(Catch([&] { other().Get(kName); }).fault, StoreFault::kNotFound);
    EXPECT_EQ(Names(other(), ""), std::set<std::string>{});
    sink->Finish();
    EXPECT_EQ(Names(other(), ""), std::set<std::string>{std::string(kName)});
}

TEST_P(StoreContract, ManyObjectsBecomeDurableTogether) {
    store().DeferDurability();
    std::set<std::string> names;
    for (int i = 0; i < 130; ++i) {
        const std::string name =
            "objects/ab/" + std::to_string(100 + i) + "0123456789abcdef0123456789abc.zst";
        store().Put(name, AsBytes(name));
        names.insert(name);
        ASSERT_EQ(store().Read(name, kPlenty), name) << "what was created can be read at once";
    }
    NeverInterrupted never;
    store().Sync(never);
    store().Sync(never); // nothing is left to do
    EXPECT_EQ(Names(other(), ""), names);
    const Thrown thrown = Catch([&] {
        store().Put(*names.begin(), AsBytes("other"));
        store().Sync(never);
    });
    EXPECT_EQ(thrown.fault, StoreFault::kExists);
    EXPECT_EQ(other().Read(*names.begin(), kPlenty), *names.begin());
}

TEST_P(StoreContract, AnUnfinishedSinkLeavesNothing) {
    store().Create(kName)->Write(AsBytes("rows"));
    EXPECT_FALSE(store().Exists(kName));
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{});
    store().Put(kName, AsBytes("new rows")); // and the name is free
    EXPECT_EQ(store().Read(kName, kPlenty), "new rows");
}

TEST_P(StoreContract, CreateOnce) {
    store().Put(kName, AsBytes("first"));
    const Thrown thrown = Catch([&] { other().Put(kName, AsBytes("second")); });
    EXPECT_TRUE(thrown.is_store_error);
    EXPECT_EQ(thrown.fault, StoreFault::kExists);
    EXPECT_EQ(thrown.code, Errc::Duplicate);
    EXPECT_EQ(thrown.message, "object \"" + std::string(kName) + "\" already exists in store \"" +
                                  store().Properties().url + "\"");
    EXPECT_EQ(store().Read(kName, kPlenty), "first");
    // Even when the bytes are the same: whoever creates wants to know that somebody else did.
    EXPECT_EQ(Catch([&] { store().Put(kName, AsBytes("first")); }).fault, StoreFault::kExists);
}

TEST_P(StoreContract, OfTwoSinksForOneNameTheFirstFinishedWins) {
    const auto slow = store().Create(kName);
    const auto fast = other().Create(kName);
    slow->Write(AsBytes("slow"));
    fast->Write(AsBytes("fast"));
    fast->Finish();
    EXPECT_EQ(Catch([&] { slow->Finish(); }).fault, StoreFault::kExists);
    EXPECT_EQ(store().Read(kName, kPlenty), "fast");
    EXPECT_EQ(Names(store(), "").size(), 1U);
}

TEST_P(StoreContract, AbsentObjects) {
    const std::string message = "object \"" + std::string(kName) + "\" does not exist in store \"" +
                                store().Properties().url + "\"";
    const Thrown get = Catch([&] { store().Get(kName); });
    EXPECT_EQ(get.fault, StoreFault::kNotFound);
    EXPECT_EQ(get.code, Errc::NotFound);
    EXPECT_EQ(get.message, message);
    const Thrown stat = Catch([&] { store().Stat(kName); });
    EXPECT_EQ(stat.fault, StoreFault::kNotFound);
    EXPECT_EQ(stat.message, message);
    EXPECT_FALSE(store().Exists(kName));
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{});
    EXPECT_EQ(Names(store(), "objects"), std::set<std::string>{});
    EXPECT_NO_THROW(store().Remove(kName));
    EXPECT_NO_THROW(store().Remove("repo.json"));
}

TEST_P(StoreContract, Ranges) {
    store().Put(kName, AsBytes("0123456789"));
    EXPECT_EQ(ReadRange(store(), kName, {}), "0123456789");
    EXPECT_EQ(ReadRange(store(), kName, {0, 3}), "012");
    EXPECT_EQ(ReadRange(store(), kName, {4, 3}), "456");
    EXPECT_EQ(ReadRange(store(), kName, {7, UINT64_MAX}), "789");
    EXPECT_EQ(ReadRange(store(), kName, {7, 100}), "789");
    EXPECT_EQ(ReadRange(store(), kName, {10, 1}), "");
    EXPECT_EQ(ReadRange(store(), kName, {11, 1}), "");
    EXPECT_EQ(ReadRange(store(), kName, {UINT64_MAX, UINT64_MAX}), "");
    EXPECT_EQ(ReadRange(store(), kName, {3, 0}), "");
}

TEST_P(StoreContract, ManyAreLookedUpInTheirOrder) {
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) {
        names.push_back("objects/ab/" + std::to_string(100 + i) +
                        "0123456789abcdef0123456789abc.zst");
        if (i != 30) store().Put(names.back(), AsBytes(std::string(static_cast<size_t>(i), 'x')));
    }
    const std::vector<std::string_view> all(names.begin(), names.end());
    std::vector<uint64_t> sizes;
    const Thrown thrown = Catch([&] {
        store().StatEach(all, [&](const StoreObject& object) {
            EXPECT_EQ(object.name, names[sizes.size()]);
            sizes.push_back(object.size);
        });
    });
    EXPECT_EQ(thrown.fault, StoreFault::kNotFound);
    EXPECT_NE(thrown.message.find(names[30]), std::string::npos) << thrown.message;
    ASSERT_EQ(sizes.size(), 30U);
    for (uint64_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(sizes[i], i);
}

TEST_P(StoreContract, EmptyObject) {
    store().Put("repo.json", {});
    EXPECT_EQ(store().Stat("repo.json").size, 0U);
    EXPECT_EQ(store().Read("repo.json", 0), "");
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{"repo.json"});
}

TEST_P(StoreContract, LargeObjectInPiecesOfAnySize) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string text = RandomText(3'000'000, seed);
    std::mt19937 random(seed);
    const auto sink = store().Create(kName);
    for (size_t at = 0; at < text.size();) {
        const size_t size = std::min<size_t>(random() % 700'000, text.size() - at);
        sink->Write(AsBytes(std::string_view(text).substr(at, size)));
        at += size;
    }
    sink->Finish();
    EXPECT_EQ(store().Stat(kName).size, text.size());
    EXPECT_TRUE(store().Read(kName, kPlenty) == text);
    EXPECT_TRUE(ReadRange(store(), kName, {262'143, 524'290}) == text.substr(262'143, 524'290));
}

TEST_P(StoreContract, ReadHasALimit) {
    store().Put("repo.json", AsBytes("12345"));
    EXPECT_EQ(store().Read("repo.json", 5), "12345");
    const Thrown thrown = Catch([&] { store().Read("repo.json", 4); });
    EXPECT_EQ(thrown.code, Errc::Damaged);
    EXPECT_EQ(thrown.message, "object \"repo.json\" is larger than 4 bytes");
}

TEST_P(StoreContract, RemoveAndCreateAgain) {
    store().Put(kName, AsBytes("old"));
    other().Remove(kName);
    EXPECT_FALSE(store().Exists(kName));
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{});
    store().Put(kName, AsBytes("new"));
    EXPECT_EQ(other().Read(kName, kPlenty), "new");
}

TEST_P(StoreContract, ListsWholeComponents) {
    const std::set<std::string> all = {"repo.json",    "objects/a/1",    "objects/ab/1",
                                       "objects/ab/2", "objects/ab.zst", "keys/00.1.cms",
                                       "keys/00.1.srv"};
    for (const auto& name : all) store().Put(name, AsBytes(name));
    EXPECT_EQ(Names(store(), ""), all);
    EXPECT_EQ(Names(store(), "objects/ab"),
              (std::set<std::string>{"objects/ab/1", "objects/ab/2"}));
    EXPECT_EQ(Names(store(), "objects/ab/"),
              (std::set<std::string>{"objects/ab/1", "objects/ab/2"}));
    EXPECT_EQ(Names(store(), "objects/a"), std::set<std::string>{"objects/a/1"});
    EXPECT_EQ(Names(store(), "key"), std::set<std::string>{});
    EXPECT_EQ(Names(store(), "repo.json"), std::set<std::string>{});
    EXPECT_EQ(Names(store(), "backups/none"), std::set<std::string>{});
    store().List("", [](const StoreObject& object) { EXPECT_EQ(object.size, object.name.size()); });
}

TEST_P(StoreContract, AVisitorMayUseTheStore) {
    for (int i = 0; i < 20; ++i) store().Put("objects/ab/" + std::to_string(i), AsBytes("x"));
    int seen = 0;
    store().List("objects", [&](const StoreObject& object) {
        ++seen;
        store().Remove(object.name);
    });
    EXPECT_EQ(seen, 20);
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{});
}

TEST_P(StoreContract, AVisitorsErrorEndsTheListing) {
    for (int i = 0; i < 5; ++i) store().Put("objects/ab/" + std::to_string(i), AsBytes("x"));
    int seen = 0;
    const Thrown thrown = Catch([&] {
        store().List("", [&](const StoreObject&) {
            ++seen;
            throw StoreError(StoreFault::kTransient, Errc::Cancelled, "enough");
        });
    });
    EXPECT_EQ(thrown.message, "enough");
    EXPECT_EQ(seen, 1);
}

TEST_P(StoreContract, AcceptsEveryNameOfTheFormat) {
    const std::string backup = "backups/app_1-20261120T021500Z-full-9f3c01aa/";
    for (const auto& name :
         {backup + "started", backup + "manifest.json", backup + "toc.zst", backup + "SHA256SUMS",
          backup + "SHA256SUMS.sig", std::string("keys/0123456789abcdef0123456789abcdef.1.cms"),
          std::string(512, 'a').replace(200, 1, "/").replace(400, 1, "/")}) {
        store().Put(name, AsBytes(name));
        EXPECT_EQ(store().Read(name, kPlenty), name);
    }
    EXPECT_EQ(Names(store(), backup).size(), 5U);
}

TEST_P(StoreContract, RefusesOtherNames) {
    const std::string bad[] = {"",
                               "/",
                               "/etc/passwd",
                               "a/",
                               "a//b",
                               "..",
                               "../a",
                               "a/../b",
                               "a/..",
                               ".",
                               "a/./b",
                               ".tmp-1-2",
                               "a/.hidden",
                               "a b",
                               "a\\b",
                               "a\nb",
                               "a:b",
                               "B",
                               "objects/\xc3\xa4",
                               std::string("a\0b", 3),
                               std::string(513, 'a')};
    for (const auto& name : bad) {
        SCOPED_TRACE(Printable(name));
        const Thrown thrown = Catch([&] { store().Put(name, AsBytes("x")); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue);
        EXPECT_EQ(thrown.message, "\"" + Printable(name) + "\" is not a name of a stored object");
        EXPECT_EQ(Catch([&] { store().Get(name); }).code, Errc::InvalidValue);
        EXPECT_EQ(Catch([&] { store().Stat(name); }).code, Errc::InvalidValue);
        EXPECT_EQ(Catch([&] { store().Remove(name); }).code, Errc::InvalidValue);
    }
    EXPECT_EQ(Catch([&] { Names(store(), "../x"); }).code, Errc::InvalidValue);
    EXPECT_EQ(Catch([&] { Names(store(), "/"); }).message, "nothing was thrown"); // the root, as ""
    EXPECT_EQ(Names(store(), ""), std::set<std::string>{});
}

TEST_P(StoreContract, BehavesAsAMapUnderRandomUse) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 400; ++step) {
        const std::string name =
            "objects/" + std::to_string(random() % 4) + "/" + std::to_string(random() % 6);
        Store& door = random() % 2 == 0 ? store() : other();
        const auto known = model.find(name);
        switch (random() % 4) {
        case 0: {
            const std::string text = RandomText(random() % 5000, random());
            const Thrown thrown = Catch([&] { door.Put(name, AsBytes(text)); });
            ASSERT_EQ(thrown.fault == StoreFault::kExists, known != model.end()) << thrown.message;
            model.emplace(name, text);
            break;
        }
        case 1:
            door.Remove(name);
            model.erase(name);
            break;
        case 2:
            ASSERT_EQ(door.Exists(name), known != model.end());
            if (known != model.end()) {
                ASSERT_TRUE(door.Read(name, kPlenty) == known->second);
            }
            break;
        default: {
            std::set<std::string> expected;
            for (const auto& [key, value] : model) expected.insert(key);
            ASSERT_EQ(Names(door, "objects"), expected);
        }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Drivers, StoreContract, testing::ValuesIn(AllDrivers()),
                         [](const auto& info) { return info.param.name; });

} // namespace
} // namespace lifeboat::test
