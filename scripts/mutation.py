"""Mutation testing of the guards and the journal: what could be broken with all of their tests still green.

Each file is tested in a copy of the project, so that work can go on meanwhile: `scripts/mutants.py` makes its
mutants and runs them by the tests that the table names, those that reach the changed line only.

    make mutation                                      all files of the table
    make mutation FILES="tools/guards/agreement.py"    some of them
    ONLY=" if " make mutation                          mutants whose change holds this text
    KINDS="Tuple List" make mutation                   mutants of these kinds of nodes of libcst
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["TESTS", "main"]

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".mutation"
_PACKAGES = ("schemas", "tools", "server", "sandbox")

_OF_POSTGRESQL = (
    "server/journal/test_journal_postgresql.py",
    "server/journal/test_connection_cut.py",
    "server/journal/test_journal.py",
    "server/journal/test_marks.py",
    "tools/guards/test_across_processes.py",
)
TESTS: Mapping[str, Sequence[str]] = {
    "tools/guards/guard.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_unusual_states.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_agreement.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_summaries.py",
        "tools/policy/test_policy_in_force.py",
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/policy/test_limits.py",
        "tools/results/test_reported_failures.py",
        "tools/journal/test_changes_in_the_journal.py",
        "tools/journal/test_what_is_recorded.py",
        "tools/history/test_undo.py",
        "tools/guards/test_agreed_in_browser.py",
        "tools/checks/test_own_checks.py",
        "server/http/test_browser_panel.py",
    ),
    "tools/guards/agreement.py": (
        "tools/guards/test_agreement.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_agreed_in_browser.py",
        "server/http/test_browser_panel.py",
    ),
    "tools/guards/confirmation.py": (
        "tools/guards/test_confirmation.py",
        "tools/guards/test_agreement.py",
        "tools/guards/test_agreed_in_browser.py",
        "tools/guards/test_across_processes.py",
        "tools/guards/test_summaries.py",
        "tools/guards/test_unusual_states.py",
        "tools/review/test_review_preview.py",
        "server/http/test_browser_panel.py",
        "server/http/test_callers.py",
    ),
    "tools/guards/current_state.py": (
        "tools/guards/test_unusual_states.py",
        "tools/journal/test_what_is_recorded.py",
        "tools/guards/test_guarded_writes.py",
        "tools/history/test_undo.py",
        "tools/guards/test_requests_of_writes.py",
        "tools/guards/test_agreement.py",
    ),
    "tools/guards/second_look.py": ("tools/results/test_reported_failures.py",),
    "tools/guards/seen_values.py": (
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_unusual_states.py",
        "tools/history/test_undo.py",
        "tools/review/test_review_preview.py",
        "server/http/test_callers.py",
    ),
    "tools/guards/undo_plan.py": (
        "tools/guards/test_unusual_states.py",
        "tools/history/test_undo.py",
        "tools/history/test_undo_with_others.py",
        "tools/guards/test_irreversible.py",
    ),
    "tools/guards/time_budget.py": (
        "tools/review/test_time_of_a_call.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_agreement.py",
        "tools/guards/test_guarded_writes.py",
        "tools/review/test_review_preview.py",
        "tools/tables/test_review_table.py",
    ),
    "tools/guards/panel_key.py": (
        "tools/panel/test_panel_key.py",
        "tools/guards/test_agreed_in_browser.py",
        "server/http/test_browser_panel.py",
    ),
    "tools/guards/single_flight.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_repeated_calls.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_two_servers.py",
        "tools/guards/test_unusual_states.py",
        "server/http/test_callers.py",
        "server/http/test_repeats_of_others.py",
    ),
    "tools/guards/own_changes.py": (
        "tools/guards/test_changed_after_verification.py",
        "tools/guards/test_marks_and_undo.py",
        "tools/journal/test_changes_in_the_journal.py",
    ),
    "tools/policy/limits.py": ("tools/policy/test_limits.py",),
    "tools/policy/approving_calls.py": ("tools/policy/test_policy.py",),
    "tools/guards/confirmation_codes.py": (
        "tools/guards/test_codes.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_across_processes.py",
        "tools/guards/test_same_moment.py",
        "tools/panel/test_panel_key.py",
    ),
    "tools/guards/look_first.py": (
        "tools/history/test_undo_with_others.py",
        "tools/history/test_undo.py",
        "tools/policy/test_limits.py",
        "tools/guards/test_two_servers.py",
    ),
    "tools/guards/document_locks.py": ("tools/guards/test_agreement.py", "tools/guards/test_same_moment.py"),
    "tools/guards/journal_recording.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/journal/test_what_is_recorded.py",
    ),
    "tools/guards/expectation.py": (
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_guarded_writes.py",
    ),
    "tools/policy/policy.py": (
        "tools/policy/test_policy.py",
        "tools/policy/test_policy_in_force.py",
        "tools/guards/test_approval.py",
        "tools/guards/test_odd_forms.py",
        "tools/guards/test_agreed_in_browser.py",
        "tools/requests/test_ids.py",
    ),
    "tools/policy/scope.py": ("tools/policy/test_policy.py", "tools/requests/test_ids.py"),
    "tools/requests/id_spelling.py": ("tools/policy/test_policy.py", "tools/requests/test_ids.py"),
    "tools/documents/field_state.py": (
        "tools/guards/test_odd_forms.py",
        "tools/guards/test_approval.py",
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_changed_after_verification.py",
        "tools/guards/test_summaries.py",
    ),
    "server/journal/view.py": (
        "tools/guards/test_two_servers.py",
        "tools/policy/test_limits.py",
        "tools/guards/test_across_processes.py",
    ),
    "server/journal/marks_table.py": ("server/journal/test_marks.py",),
    "server/journal/group_commit.py": _OF_POSTGRESQL,
    "server/journal/postgresql_store.py": _OF_POSTGRESQL,
    "server/journal/sqlite_store.py": (
        "server/journal/test_journal.py",
        "server/journal/test_journal_places.py",
        "server/journal/test_marks.py",
    ),
    "server/journal/records.py": (
        "server/journal/test_forged_records.py",
        "server/http/test_own_entries.py",
        "server/journal/test_replaced_journal.py",
        "server/journal/test_journal.py",
        "server/journal/test_verification.py",
        "server/commands/test_journal_commands.py",
        "tools/journal/test_what_is_recorded.py",
        "tools/history/test_unclear_undo.py",
        "tools/history/test_undo_several.py",
    ),
    "server/journal/verification.py": (
        "server/journal/test_forged_records.py",
        "server/journal/test_journal.py",
        "server/journal/test_verification.py",
    ),
    "server/journal/store.py": (
        "server/journal/test_journal.py",
        "server/journal/test_journal_places.py",
        "server/journal/test_journal_postgresql.py",
    ),
    "server/journal/files.py": ("server/journal/test_journal_places.py",),
    "server/journal/seal_keys.py": (
        "tools/guards/test_across_processes.py",
        "server/journal/test_journal_places.py",
        "test_platforms.py",
    ),
    "server/journal/readings.py": (
        "server/journal/test_journal.py",
        "server/journal/test_verification.py",
        "server/commands/test_journal_commands.py",
        "tools/history/test_undo_several.py",
        "tools/journal/test_changes_in_the_journal.py",
        "server/http/test_own_entries.py",
    ),
    "tools/guards/summary.py": (
        "tools/guards/test_summaries.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_agreement.py",
        "test_hostile_text.py",
    ),
    "tools/history/undo.py": (
        "tools/history/test_unclear_undo.py",
        "tools/history/test_undo_several.py",
        "tools/history/test_undo_choice.py",
        "tools/history/test_undo_with_others.py",
        "tools/history/test_undo_questions.py",
        "tools/history/test_undo_stops.py",
        "tools/guards/test_unusual_states.py",
    ),
    "tools/history/undo_choice.py": (
        "tools/history/test_undo_several.py",
        "tools/history/test_undo_choice.py",
        "tools/history/test_undo_with_others.py",
        "tools/history/test_undo_new_ids.py",
        "server/http/test_own_entries.py",
    ),
    "tools/history/undo_question.py": (
        "tools/guards/test_agreement.py",
        "tools/guards/test_codes.py",
        "tools/history/test_undo_questions.py",
        "tools/history/test_undo_several.py",
    ),
    "tools/history/undo_progress.py": (
        "tools/history/test_undo_states.py",
        "tools/history/test_undo.py",
        "tools/history/test_unclear_undo.py",
        "tools/history/test_undo_several.py",
        "tools/history/test_undo_with_others.py",
        "tools/guards/test_unusual_states.py",
    ),
    "tools/history/new_ids.py": (
        "tools/history/test_undo_new_ids.py",
        "tools/history/test_undo_several.py",
    ),
    "tools/history/own_entries.py": (
        "tools/history/test_history_shown.py",
        "server/http/test_own_entries.py",
        "tools/history/test_undo_several.py",
    ),
    "tools/history/history.py": (
        "tools/history/test_history_shown.py",
        "server/http/test_own_entries.py",
        "tools/history/test_undo.py",
        "tools/history/test_undo_several.py",
        "tools/history/test_undo_choice.py",
        "tools/history/test_undo_with_others.py",
        "tools/history/test_undo_questions.py",
        "tools/history/test_undo_stops.py",
        "tools/history/test_unclear_undo.py",
        "tools/journal/test_what_is_recorded.py",
        "tools/policy/test_policy_in_force.py",
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_unusual_states.py",
        "tools/results/test_reported_failures.py",
    ),
    "tools/apply/plan.py": (
        "tools/review/test_review_apply.py",
        "tools/review/test_review_several.py",
        "tools/apply/test_apply_structure.py",
        "tools/apply/test_apply_faults.py",
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/review/test_review_preview.py",
    ),
    "tools/redaction.py": (
        "tools/test_redaction.py",
        "test_hostile_text_kept.py",
        "tools/results/test_results.py",
        "tools/results/test_untrusted_text.py",
        "tools/journal/test_what_is_recorded.py",
        "tools/guards/test_confirmation.py",
        "server/services/test_credentials.py",
        "server/telemetry/test_log_contents.py",
        "server/probe/test_probe.py",
        "server/journal/test_journal.py",
    ),
    "tools/escapes.py": (
        "tools/test_secret_forms.py",
        "tools/test_redaction.py",
        "server/telemetry/test_log_contents.py",
    ),
    "tools/secret_forms.py": (
        "tools/test_secret_forms.py",
        "tools/test_redaction.py",
        "server/telemetry/test_log_contents.py",
    ),
    "tools/untrusted.py": (
        "tools/results/test_untrusted_text.py",
        "test_hostile_text.py",
        "test_hostile_text_kept.py",
        "tools/guards/test_summaries.py",
    ),
    "tools/hidden_characters.py": (
        "tools/results/test_untrusted_text.py",
        "test_hostile_text.py",
        "test_hostile_text_kept.py",
        "tools/requests/test_ids.py",
        "tools/test_redaction.py",
    ),
    "server/journal/sqlite_database.py": (
        "server/journal/test_journal.py",
        "server/journal/test_journal_places.py",
        "server/journal/test_marks.py",
        "server/journal/test_migrations.py",
        "server/journal/test_entries_of_users.py",
        "tools/guards/test_two_servers.py",
        "tools/guards/test_across_processes.py",
    ),
    "server/journal/faults.py": (
        "server/journal/test_journal.py",
        "server/journal/test_journal_places.py",
        "server/journal/test_journal_postgresql.py",
        "server/journal/test_connection_cut.py",
        "server/journal/test_migrations.py",
    ),
    "server/journal/postgresql_connection.py": (
        "server/journal/test_journal_postgresql.py",
        "server/journal/test_connection_cut.py",
        "server/journal/test_migrations.py",
    ),
    "server/journal/migrating.py": (
        "server/journal/test_rebuilt_index.py",
        "server/journal/test_migrations.py",
        "server/journal/test_journal_postgresql.py",
    ),
    "server/journal/schema_version.py": (
        "server/journal/test_migrations.py",
        "server/journal/test_journal_postgresql.py",
    ),
    "server/journal/derived.py": (
        "server/journal/test_rebuilt_index.py",
        "server/journal/test_entries_of_users.py",
        "server/journal/test_migrations.py",
        "server/journal/test_journal.py",
    ),
}
"""File → the tests that are to find its mutants."""


def main(files: Sequence[str]) -> int:
    """Run the mutants of these files, or of all, and print those that survive. Gives 0 if there are none."""
    unknown = [each for each in files if each not in TESTS]
    if unknown:
        print(f"Not in the table of {Path(__file__).name}: {', '.join(unknown)}", file=sys.stderr)  # noqa: T201
        return 2
    results = [_run(file) for file in files or TESTS]
    return 1 if any(results) else 0


def _run(file: str) -> int:
    """Run the mutants of one file; gives 0 if none of them survived."""
    folder = WORK / file.replace("/", "-").removesuffix(".py")
    _copy(folder)
    # For the processes that tests start as well. All tests of one era are there, as mutants are run by these.
    environment = {**os.environ, "PYTHONPATH": str(folder), "DOCREVIEW_TESTS": "full"}
    command = [sys.executable, "-m", "scripts.mutants", file, *TESTS[file]]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def _copy(folder: Path) -> None:
    """Lay out the project as it is imported."""
    shutil.rmtree(folder, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__")
    for name in _PACKAGES:
        shutil.copytree(ROOT / name, folder / "docreview_mcp" / name, ignore=without)
    for name in ("tests", "scripts", "bench"):
        shutil.copytree(ROOT / name, folder / name, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
