#include "core/io/taps.h"

#include <algorithm>

namespace lifeboat {

void HashTap::Write(Bytes bytes) {
    hash_.Update(bytes);
    bytes_ += bytes.size();
    next_.Write(bytes);
}

void HashTap::Finish() {
    next_.Hashed(Digest());
    next_.Finish();
}

Sha256Digest HashTap::Digest() {
    if (!digest_) digest_ = hash_.Final();
    return *digest_;
}

void CountTap::Write(Bytes bytes) {
    if (bytes.empty()) return;
    bytes_ += bytes.size();
    lines_ += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), std::byte{'\n'}));
    last_ = bytes.back();
    next_.Write(bytes);
}

void ProgressTap::Write(Bytes bytes) {
    interrupt_.Check();
    next_.Write(bytes);
    done_.fetch_add(bytes.size(), std::memory_order_relaxed);
    bytes_ += bytes.size();
}

} // namespace lifeboat
