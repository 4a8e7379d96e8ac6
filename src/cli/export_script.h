// The script of `lifeboat export`: schema, rows as COPY blocks, sequences, large objects, and what
// comes after the rows.
#pragma once

#include "cli/pg_restore.h"
#include "cli/selection.h"

namespace lifeboat::cli {

// Nothing of an object is written out before all of it was checked. Ends with the line "--
// lifeboat: export complete".
void WriteScript(Session& session, const Selection& selection, const std::string& pg_restore,
                 Sink& out, Interrupt& interrupt);

// Rows inside a COPY block of a script: a line that begins with `\.` would end the block and hand
// the rest to psql. COPY never writes one; Error(Damaged).
class RowGuard final : public Sink {
public:
    RowGuard(Sink& next, std::string what) : next_(next), what_(std::move(what)) {}
    void Write(Bytes bytes) override;
    void Finish() override {}

private:
    Sink& next_;
    std::string what_;
    std::string tail_ = "\n"; // the last bytes seen, at most two
};

} // namespace lifeboat::cli
