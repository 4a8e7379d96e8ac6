// What a sweeper takes for debris, and what it lets be.
#include "core/plan/garbage.h"

#include <gtest/gtest.h>

namespace lifeboat {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr char kFull[] = "app-20261120T021500Z-full-00000001";
constexpr char kIncremental[] = "app-20261120T021500Z-incremental-00000002";
const std::string kPlace(64, 'a');
const Instant kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + hours{12}};

Sweeper Us() {
    Sweeper us;
    us.at = kNoon;
    us.system_identifier = "7";
    us.place = kPlace;
    return us;
}

// A run of ours that began an hour ago and may take two.
FolderFacts ARun(const char* id = kFull) {
    FolderFacts run;
    run.backup_id = id;
    run.has_started = true;
    run.written = kNoon - hours{1};
    run.started = Started{"7", "", run.written, kNoon + hours{1}, kPlace};
    return run;
}

TEST(Garbage, ABackupIsOneWhileItsSumsAreThere) {
    FolderFacts backup = ARun();
    backup.has_sums = backup.has_signature = true;
    Sweeper us = Us();
    us.ended = {kFull};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup);
    us.deleted = {kFull}; // whoever says so
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup);
    backup.has_sums = false;
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kDead);
}

TEST(Garbage, ALostSignatureIsDebrisOfARunThatTheCatalogNeverSawComplete) {
    FolderFacts run = ARun();
    run.has_sums = run.wants_signature = true;
    Sweeper us = Us();
    EXPECT_FALSE(DependsOnSignature(run, us));
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kBackup) << "not known to have ended";
    us.ended = {kFull};
    EXPECT_TRUE(DependsOnSignature(run, us));
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kDead);
    run.wants_signature = false;
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kBackup) << "unsigned ones have none";
    run.wants_signature = true;
    us.catalog = {kFull};
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kBackup) << "it was complete once";
    us.catalog.clear();
    run.started->place = std::string(64, 'b');
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kBackup) << "another catalog's";
}

// Whatever may change the judgement is asked for, and nothing else.
TEST(Garbage, WhatIsCompleteIsNotAskedWhoMadeIt) {
    Sweeper us = Us();
    FolderFacts folder = ARun();
    EXPECT_TRUE(DependsOnStarted(folder, us));
    folder.has_sums = true;
    EXPECT_FALSE(DependsOnStarted(folder, us)) << "nobody knows that its run has ended";
    us.ended = {kFull};
    EXPECT_TRUE(DependsOnStarted(folder, us)) << "its run may have wanted to sign it";
    us.catalog = {kFull};
    EXPECT_FALSE(DependsOnStarted(folder, us)) << "it was complete once";
    us.catalog.clear();
    folder.has_signature = true;
    EXPECT_FALSE(DependsOnStarted(folder, us));
    folder.has_sums = false;
    EXPECT_TRUE(DependsOnStarted(folder, us));
    folder.has_started = false;
    EXPECT_FALSE(DependsOnStarted(folder, us));
}

TEST(Garbage, LostSums) {
    FolderFacts backup = ARun();
    backup.has_manifest = backup.has_signature = true;
    Sweeper us = Us();
    us.at = kNoon + hours{24};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup) << "nobody knows better";
    us.ended = {kFull};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kDead) << "of a run that did not finish";
    us.catalog = {kFull};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup) << "it was complete once";
    backup.has_manifest = false;
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup);
    us.deleted = {kFull};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kDead);
    us = Us();
    us.system_identifier.clear(); // the command line's
    backup.has_manifest = true;
    backup.started->deadline = backup.started->at = kNoon - hours{2};
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kDead) << "somebody has deleted it";
    backup.has_started = false;
    backup.started.reset();
    EXPECT_EQ(JudgeFolder(backup, us), FolderState::kBackup);
}

TEST(Garbage, WhoMayBeAtWork) {
    Sweeper us = Us();
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kMayLive) << "its deadline is to come";
    us.ended = {kFull};
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kDead) << "our row says that it ended";
    us.alive = {kFull};
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kMayLive) << "our row says that it is at work";
    us = Us();
    us.ended = {kFull};
    us.place = std::string(64, 'b');
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kMayLive) << "a copy of this cluster's";
    us.at = kNoon + hours{1} + minutes{9};
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kMayLive) << "clocks differ";
    us.at = kNoon + hours{1} + minutes{11};
    EXPECT_EQ(JudgeFolder(ARun(), us), FolderState::kDead) << "past its deadline";
}

TEST(Garbage, ACopyThatWasAnnouncedSinceTheMarkWentIsAtWork) {
    Sweeper us = Us();
    us.deleted = {kFull};
    FolderFacts copy = ARun();
    copy.started->place.clear();
    EXPECT_EQ(JudgeFolder(copy, us), FolderState::kMayLive);
    copy.started->deadline = kNoon - hours{1};
    EXPECT_EQ(JudgeFolder(copy, us), FolderState::kDead) << "as who took the mark away left it";
    copy.started.reset();
    EXPECT_EQ(JudgeFolder(copy, us), FolderState::kDead);
}

TEST(Garbage, NoRunIsLongerThanAWeek) {
    Sweeper us = Us();
    FolderFacts run = ARun();
    run.started->deadline = kNoon + hours{24 * 3650};
    us.at = run.written + kLongestRun + minutes{9};
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kMayLive);
    us.at += minutes{2};
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kDead);
    run.started.reset(); // nobody can read it
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kOther);
    us.at = kNoon;
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kMayLive);
}

TEST(Garbage, OnlyOurOwnDebrisIsOurs) {
    Sweeper us = Us();
    us.at = kNoon + hours{24};
    FolderFacts run = ARun();
    run.started->system_identifier = "8";
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kOther);
    us.system_identifier.clear(); // the command line's
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kDead);
    us = Us();
    us.deleted = {kFull}; // we took its mark away: before pg_upgrade it was ours
    EXPECT_EQ(JudgeFolder(run, us), FolderState::kDead);
    run.has_started = false;
    EXPECT_EQ(JudgeFolder(run, Us()), FolderState::kOther);
}

TEST(Garbage, NothingYoungerThanTheOldestRunAtWork) {
    const Sweeper us = Us();
    EXPECT_EQ(RemovableBefore({}, us), Instant::max());
    FolderFacts older = ARun("web-20261120T001500Z-full-00000009");
    older.written = kNoon - hours{3};
    FolderFacts dead = ARun("old-20261119T001500Z-full-00000009");
    dead.written = kNoon - hours{30};
    dead.started->deadline = kNoon - hours{24};
    EXPECT_EQ(RemovableBefore({ARun(), older, dead}, us), kNoon - hours{3} - kGarbageGrace);
}

TEST(Garbage, NothingWhileSomebodyMayTakeObjectsOver) {
    const Sweeper us = Us();
    EXPECT_EQ(RemovableBefore({ARun(), ARun(kIncremental)}, us), std::nullopt);
    FolderFacts copy = ARun();
    copy.started->place.clear();
    EXPECT_EQ(RemovableBefore({copy}, us), std::nullopt);
    FolderFacts refers = ARun();
    refers.started->reference_backup = kIncremental;
    EXPECT_EQ(RemovableBefore({refers}, us), std::nullopt);
    FolderFacts unreadable = ARun();
    unreadable.started.reset();
    EXPECT_EQ(RemovableBefore({unreadable}, us), std::nullopt);
}

TEST(Garbage, WhatNobodyUses) {
    const std::string used = MakeObjectName(true);
    const std::string unused = MakeObjectName(false);
    const std::string young = MakeObjectName(true);
    const KeyId in_use{std::byte{1}};
    const KeyId out_of_use{std::byte{2}};
    const std::vector<StoreObject> there = {{KeyFileName(out_of_use, 1, "cms"), 300, kNoon},
                                            {used, 1, kNoon},
                                            {unused, 2, kNoon},
                                            {young, 3, kNoon + hours{1}},
                                            {KeyFileName(in_use, 1, "srv"), 300, kNoon},
                                            {"objects/README", 5, kNoon}};
    Candidates candidates;
    for (const StoreObject& object : there) candidates.Add(object);
    for (const std::string_view name : {used.c_str(), "objects/README", "nothing"})
        candidates.Spare(name);
    candidates.Spare(in_use);
    const auto names = [&](const std::optional<Instant>& before, bool all) {
        const Garbage garbage = candidates.Find(before);
        EXPECT_EQ(garbage.all, all);
        std::vector<std::string> removable;
        for (const StoreObject& object : garbage.removable) removable.push_back(object.name);
        return removable;
    };
    using Names = std::vector<std::string>;
    Names both = {unused, young};
    std::sort(both.begin(), both.end());
    both.push_back(there[0].name);
    EXPECT_EQ(names(Instant::max(), true), both);
    EXPECT_EQ(names(kNoon + hours{1}, false), Names({unused, there[0].name}));
    EXPECT_EQ(names(kNoon, false), Names());
    EXPECT_EQ(names(std::nullopt, false), Names());
}

} // namespace
} // namespace lifeboat
