"""The Studio half of the sandbox, through its handlers."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pytest
from docreview_mcp.sandbox.service import Download, Refusal, UploadedFile
from docreview_mcp.sandbox.studio.analysis import analyse, sentence_spans
from docreview_mcp.sandbox.studio.data import furnished_studio
from studio_desk import Studio

HOTELS, TICKETS, INVOICES = 1, 2, 5
ACTIVE_HOTEL_MODEL = 11


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_every_span_gives_its_segment(studio: Studio) -> None:
    texts = list(studio.state.texts.values())
    assert len(texts) == 300
    for text in texts:
        assert text.segments
        for segment in text.segments:
            assert text.text[segment.span[0] : segment.span[1]] == segment.text == segment.text.strip()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Nice. Dr. Who came!  Really?\n\fPage two", ["Nice.", "Dr. Who came!", "Really?", "Page two"]),
        ("It cost 3.50 euros. „Gut!“ sagte er.", ["It cost 3.50 euros.", "„Gut!“ sagte er."]),
        ("  no end", ["no end"]),
        (" \n ", []),
    ],
)
def test_sentences_are_cut_where_they_end(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == parts
    assert [text[start:end] for start, end in sentence_spans(text, split=False)] == (
        [text.strip()] if parts else []
    )


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The breakfast was delicious.", {("Breakfast", "POS")}),
        ("The breakfast was not good.", {("Breakfast", "NEG")}),
        ("The room was spacious but the staff was rude.", {("Room", "POS"), ("Staff", "NEG")}),
        ("Das Personal war nicht freundlich.", {("Staff", "NEG")}),
        ("We arrived on Monday.", set()),
    ],
)
def test_plain_sentences_get_the_tags_a_person_would_give(
    studio: Studio, sentence: str, expected: set[tuple[str, str]]
) -> None:
    project = studio.state.projects[HOTELS]
    found = analyse(sentence, "ABSA", project.classes, project.label_names)
    assert {(entry.class_name, entry.label) for entry in found} == expected


def test_the_same_seed_gives_the_same_data() -> None:
    first, second, other = furnished_studio(3), furnished_studio(3), furnished_studio(4)
    assert [text.text for text in first.texts.values()] == [text.text for text in second.texts.values()]
    assert first.keys[1].token == second.keys[1].token
    assert first.keys[1].token != other.keys[1].token


def test_a_batch_analysis_runs_by_the_clock_and_tells_its_user(studio: Studio) -> None:
    documents = [{"text": "The room was great. The bill was wrong.", "id": 77001, "source": "form"}]
    body = {"documents": documents, "model_id": ACTIVE_HOTEL_MODEL, "name": "Today"}
    number = studio("createBatchAnalysis", body)["id"]
    seen: list[tuple[str, float]] = []
    for seconds in (0.0, 0.5, 1.0, 0.6):
        studio.clock.now += seconds
        shown = studio("getAnalysis", analysis_id=number)
        seen.append((shown["status"], shown["progress"]))
    assert seen == [("CREATED", 0.0), ("STARTED", 25.0), ("ANALYZING", 75.0), ("FINISHED", 100.0)]
    assert studio("getAnalysis", analysis_id=number)["finished"] == "2026-11-16T09:00:02Z"
    assert studio("listNotifications")[0]["text"] == "Your analysis 'Today' is finished"
    answer = studio("listAnalysisDocuments", analysis_id=number, details=["tags", "meta"])
    (document,) = answer["documents"]
    assert (document["id"], document["meta"]) == (77001, {"source": "form"})
    tags = [[(tag["class"], tag["label"]) for tag in part["tags"]] for part in document["segments"]]
    assert tags == [[("Room", "POS")], [("Price", "NEG")]]
    location = next(entry.id for entry in studio.state.projects[HOTELS].classes if entry.name == "Location")
    assert studio("listAnalysisDocuments", analysis_id=number, classes=[location])["documents"] == []


def test_an_adhoc_analysis_keeps_nothing(studio: Studio) -> None:
    before = len(studio.state.texts), len(studio.state.analyses)
    answer = studio("runAdHocAnalysis", {"documents": [{"text": "Great coffee.", "id": 5}], "model_id": 387})
    segment = {"text": "Great coffee.", "span": [0, 13], "tags": [{"class": "Breakfast", "label": "POS"}]}
    assert answer["documents"] == [{"id": 5, "text": "Great coffee.", "segments": [segment]}]
    assert (len(studio.state.texts), len(studio.state.analyses)) == before


def workbook() -> bytes:
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = (
        '<row><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>src</t></is></c></row>'
        '<row><c r="A2" t="s"><v>1</v></c><c r="C2"><v>4</v></c></row>'
    )
    sheet = f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>"
    strings = (
        f"<sst {main}><si><t>review</t></si><si><r><t>The pool </t></r><r><t>is great.</t></r></si></sst>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", sheet)
        book.writestr("xl/sharedStrings.xml", strings)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "choice", "texts"),
    [
        (
            "a.csv",
            b"x,document\n,One is good\nt,Two\n",
            {"column": 1, "header_first": True},
            ["One is good", "Two"],
        ),
        ("a.csv", "\ufeffid;review\n1;Schön".encode(), {"column_name": "review"}, ["Schön"]),
        ("a.txt", b"One\n\nTwo\n", {"column": 0}, ["One", "Two"]),
        ("a.jsonl", b'{"text": "One", "id": "A"}\n{"text": "Two"}\n', {}, ["One", "Two"]),
        ("a.json", b'{"documents": [{"note": "One"}]}', {"column_name": "note"}, ["One"]),
        ("a.xlsx", workbook(), {"column_name": "review", "header_first": True}, ["The pool is great."]),
    ],
)
def test_a_group_is_made_of_an_uploaded_file(
    studio: Studio, name: str, content: bytes, choice: dict[str, Any], texts: list[str]
) -> None:
    stored = studio("uploadGroupFile", {}, file=UploadedFile(name, "", content), project_id=HOTELS)
    assert all(isinstance(row, list) for row in stored["preview"])
    group = studio("createGroup", {"name": "New", "file_id": stored["id"], **choice}, project_id=HOTELS)
    assert (group["status"], group["document_count"]) == ("PROCESSING", len(texts))
    studio.clock.now += 2
    assert studio("getGroup", project_id=HOTELS, group_id=group["id"])["status"] == "CREATED"
    rows = studio("listGroupDocuments", project_id=HOTELS, group_id=group["id"])
    assert [row["text"] for row in rows] == texts


def test_files_that_cannot_be_read_are_refused(studio: Studio) -> None:
    for name, content in (("a.pdf", b"%PDF"), ("a.xlsx", b"PK nothing"), ("a.json", b"{"), ("a.csv", b"")):
        with pytest.raises(Refusal) as refusal:
            studio("uploadGroupFile", {}, file=UploadedFile(name, "", content), project_id=HOTELS)
        assert refusal.value.status == 400
    assert studio.refused("createGroup", {"file_id": "none"}, project_id=HOTELS) == 404


def test_details_and_paging_decide_what_is_shown(studio: Studio) -> None:
    plain = studio("listProjectDocuments", project_id=HOTELS, offset=100, limit=10)
    assert (plain["count"], plain["has_more"], set(plain["documents"][0])) == (10, False, {"id", "text"})
    assert studio("listProjectDocuments", project_id=HOTELS, limit=10)["has_more"] is True
    shown = studio("listProjectDocuments", project_id=HOTELS, limit=1, details=["segments", "meta"])[
        "documents"
    ][0]
    assert set(shown) == {"id", "text", "segments", "meta"}
    assert "tags" not in shown["segments"][0]
    tagged = studio("listProjectDocuments", project_id=HOTELS, limit=1, details=["tags"])["documents"][0]
    assert any(segment["tags"] for segment in tagged["segments"])
    found = studio("listProjectDocuments", project_id=HOTELS, search="IGNORE ALL PREVIOUS")
    assert found["count"] == 1
    assert studio.refused("listProjectDocuments", project_id=HOTELS, limit=0) == 400
    assert studio.refused("listProjectDocuments", project_id=99) == 404


def test_the_labels_of_absa_projects_are_fixed(studio: Studio) -> None:
    assert studio.refused("addLabel", {"name": "VIP"}, project_id=HOTELS) == 400
    label = studio("listLabels", project_id=HOTELS)[0]["id"]
    assert studio.refused("deleteLabel", project_id=HOTELS, label_id=label) == 400
    created = studio("createProject", {"name": "Mine", "type": "ABSA"})
    assert created["labels"] == ["POS", "NEG", "NEU"]
    assert studio("addLabel", {"name": "VIP"}, project_id=3)["name"] == "VIP"
    assert studio.refused("addLabel", {"name": "VIP"}, project_id=3) == 400


def test_a_renamed_class_takes_its_tags_along(studio: Studio) -> None:
    staff = next(entry for entry in studio("listClasses", project_id=HOTELS) if entry["name"] == "Staff")
    count = sum(
        tag["class"] == "Staff" for tag in studio("listProjectTags", project_id=HOTELS, limit=1000)["tags"]
    )
    studio("updateClass", {"name": "People"}, project_id=HOTELS, class_id=staff["id"])
    tags = studio("listProjectTags", project_id=HOTELS, limit=1000)["tags"]
    assert sum(tag["class"] == "People" for tag in tags) == count > 0
    assert not any(tag["class"] == "Staff" for tag in tags)


def test_a_session_is_finished_when_its_last_segment_is_marked(studio: Studio) -> None:
    where: dict[str, Any] = {"project_id": HOTELS, "annotation_id": 103}
    session = studio("getLabelingSession", **where)
    assert (session["status"], session["progress"]) == ("CREATED", 0.0)
    documents = studio("listLabelingDocuments", **where, details=["segments"])["documents"]
    first = documents[0]
    place = {**where, "document_id": first["id"], "segment_id": first["segments"][0]["id"]}
    assert studio.refused("addLabelingTag", {"class": "Nope", "label": "POS"}, **place) == 400
    tag = studio("addLabelingTag", {"class": "Room", "label": "POS"}, **place)
    assert studio("listLabelingTags", **place) == [tag]
    marked = studio("markSegmentAnnotated", {"name": "ANNOTATED"}, **place)
    studio.clock.now += 60
    assert studio("markSegmentAnnotated", {"name": "ANNOTATED"}, **place) == marked
    assert studio("getLabelingSession", **where)["status"] == "ANNOTATING"
    for document in documents:
        studio("markDocumentAnnotated", {"name": "ANNOTATED"}, **where, document_id=document["id"])
    session = studio("getLabelingSession", **where)
    assert (session["status"], session["progress"], session["finished"]) == (
        "FINISHED",
        100.0,
        "2026-11-16T09:01:00Z",
    )


def test_a_labelled_file_becomes_a_session(studio: Studio) -> None:
    file = UploadedFile(
        "old.csv", "text/csv", b"text,aspect,label\nSpa was fine,Spa,POS\nBed was bad,Room,NEG\n"
    )
    preview = studio("uploadLabelingFile", {"show_preview": True}, file=file, project_id=HOTELS)
    assert set(preview) == {"id", "preview"}
    session = studio("uploadLabelingFile", {}, file=file, project_id=HOTELS)
    assert session["status"] == "STARTED"
    with pytest.raises(Refusal) as refusal:
        studio("uploadLabelingFile", {}, file=file, project_id=HOTELS)
    assert refusal.value.status == 409
    studio.clock.now += 2
    assert studio("getLabelingSession", project_id=HOTELS, annotation_id=session["id"])["progress"] == 100
    assert "Spa" in [entry["name"] for entry in studio("listClasses", project_id=HOTELS)]


def test_training_takes_its_time_and_gives_metrics(studio: Studio) -> None:
    assert studio.refused("trainModel", {"annotation_ids": [103]}, project_id=HOTELS) == 400
    model = studio("trainModel", {"display_name": "Next", "annotation_ids": [101, 102]}, project_id=HOTELS)
    assert (model["status"], "score" in model) == ("QUEUED", False)
    studio.clock.now += 1
    assert studio("getModel", model_id=model["id"])["models"][0]["progress"] == 50
    assert studio.refused("runAdHocAnalysis", {"documents": [{"text": "x"}], "model_id": model["id"]}) == 400
    studio("updateModel", {"display_name": "Renamed"}, model_id=model["id"])
    studio.clock.now += 1
    ready = studio("getProjectModel", project_id=HOTELS, model_id=model["id"])
    assert (ready["status"], ready["display_name"]) == ("READY", "Renamed")
    assert 0.7 < ready["score"] == ready["metrics"]["f1"] <= 1
    assert ready["metrics"]["test_size"] > 20
    assert ready["demoset"][0]["segments"][0]["span"][0] == 0


def test_a_correction_starts_with_the_tags_of_its_model(studio: Studio) -> None:
    assert studio.refused("createCorrection", {"model_id": 13}, project_id=HOTELS) == 409
    where: dict[str, Any] = {"project_id": HOTELS, "correction_id": 0}
    body = {"model_id": ACTIVE_HOTEL_MODEL, "sample_size": 4}
    where["correction_id"] = studio("createCorrection", body, project_id=HOTELS)["id"]
    assert studio("getCorrection", **where)["status"] == "PREDICTING"
    studio.clock.now += 2
    documents = studio("listCorrectionDocuments", **where, details=["tags"])["documents"]
    assert len(documents) == 4
    document, segment = next((one, part) for one in documents for part in one["segments"] if part["tags"])
    place = {**where, "document_id": document["id"], "segment_id": segment["id"]}
    studio("deleteCorrectionTag", **place, tag_id=segment["tags"][0]["id"])
    answer = studio("markSegmentCorrected", {"name": "ANNOTATED"}, **place)
    assert answer["predicted_score"] == 0
    assert answer["segment"]["annotation_id"] == where["correction_id"]


def test_a_clone_is_a_copy_that_goes_its_own_way(studio: Studio) -> None:
    copy = studio("cloneProject", {"organization_id": 2}, project_id=HOTELS)
    assert (copy["status"], copy["organization_id"], copy["name"]) == ("CLONING", 2, "Hotel reviews")
    studio.clock.now += 2
    copied = studio("getProject", project_id=copy["id"])
    assert (copied["status"], copied["classes"]) == (
        "CREATED",
        studio("getProject", project_id=HOTELS)["classes"],
    )
    task = studio("getProjectTask", project_id=copy["id"], task_id=copy["task_id"])["task"]
    assert (task["status"], task["progress"]) == ("FINISHED", 100)

    def contents(project_id: int) -> list[Any]:
        documents = studio("listProjectDocuments", project_id=project_id, details=["tags"], limit=1000)[
            "documents"
        ]
        return [
            (one["text"], [(part["span"], [(tag["class"], tag["label"]) for tag in part["tags"]])])
            for one in documents
            for part in one["segments"]
        ]

    before = contents(HOTELS)
    assert contents(copy["id"]) == before
    sessions = studio("listLabelingSessions", project_id=copy["id"], mode=["CORRECTION"])
    assert [entry["progress"] for entry in sessions] == [
        entry["progress"] for entry in studio("listLabelingSessions", project_id=HOTELS, mode=["CORRECTION"])
    ]
    first = studio("listProjectDocuments", project_id=copy["id"], limit=1)["documents"][0]
    studio("deleteProjectDocument", project_id=copy["id"], document_id=first["id"])
    studio("deleteProject", project_id=copy["id"])
    assert contents(HOTELS) == before


def test_transfer_and_deactivation_change_what_can_be_reached(studio: Studio) -> None:
    studio("transferProject", {"organization_id": 2}, project_id=INVOICES)
    assert studio("getProject", project_id=INVOICES)["organization_id"] == 2
    assert studio.refused("transferProject", {"organization_id": 3}, project_id=TICKETS) == 403
    studio("deactivateWorkspace", organization_id=2)
    for operation, given in (
        ("getWorkspace", {"organization_id": 2}),
        ("getProject", {"project_id": TICKETS}),
        ("getModel", {"model_id": 14}),
    ):
        assert studio.refused(operation, **given) == 404
    assert [project["id"] for project in studio("listProjects")] == [HOTELS]


def test_roles_limit_what_a_member_may_do(studio: Studio) -> None:
    studio.user = "leo.martin@northwind.example"
    assert studio("getProject", project_id=TICKETS)["name"] == "Support ticket topics"
    assert studio.refused("addClass", {"name": "New"}, project_id=TICKETS) == 403
    assert (
        studio.refused("inviteUsers", {"role": "USER", "emails": ["a@b.example"]}, organization_id=2) == 403
    )
    assert studio.refused("getProject", project_id=HOTELS) == 403
    assert studio.refused("getUser", user_id=1) == 403


def test_signing_in_and_being_invited(studio: Studio) -> None:
    assert studio.state.login("stranger@example.org", "x").id == 1
    with pytest.raises(Refusal) as refusal:
        studio.state.login("priya.nair@northwind.example", "wrong")
    assert refusal.value.status == 401
    assert (
        studio("login", {"email": "mei.tanaka@alpenblick.example", "password": "sandbox-password"})["status"]
        == "OK"
    )
    emails = ["new@example.org", "jonas.huber@alpenblick.example", "anna.gruber@alpenblick.example"]
    answer = studio("inviteUsers", {"role": "ANNOTATOR", "emails": emails}, organization_id=1)
    assert [entry["reason"] for entry in answer["not_invited"]] == [
        "User is already a member of the workspace",
        "User was already invited",
    ]
    token = answer["invitations"][0]["invitation_link"].partition("token=")[2]
    studio("acceptInvitation", {"token": token, "password": "long-enough", "first_name": "Nia"})
    assert studio.state.login("new@example.org", "long-enough").first_name == "Nia"
    roles = {entry["user"]: entry["role"] for entry in studio("listWorkspacePermissions", organization_id=1)}
    assert roles["Nia"] == "ANNOTATOR"


def test_a_doubtful_extraction_waits_for_people(studio: Studio) -> None:
    given = {"organization_id": 1, "project_id": INVOICES, "model_id": 18}
    plain: dict[str, Any] = {}
    files = [
        UploadedFile(f"{number}.pdf", "application/pdf", b"%PDF /Type /Page /Type /Page" + bytes([number]))
        for number in range(20)
    ]
    file = files[0]
    for file in files:
        plain = studio("extractInformation", {}, file=file, **given)
        if not plain["all_confidence_thresholds_met"]:
            break
        assert set(plain["documents"][0]).isdisjoint({"bboxes", "annotated_pages", "hitl"})
    doubt = plain["documents"][0]["hitl"]["result"][0]["confidences"][0]
    assert doubt["found"] < doubt["expected_confidence"]
    pending = [
        entry
        for entry in studio("listHitlReviews", project_id=INVOICES, hitl_id=1)
        if entry["status"] == "PENDING"
    ]
    review = pending[-1]
    place = {"annotation_id": review["ls_annotation_id"], "document_id": review["document_id"]}
    studio("markPageAnnotated", {"name": "ANNOTATED"}, project_id=INVOICES, **place, page=review["page_num"])
    full = studio("listHitlReviews", project_id=INVOICES, hitl_id=1, with_full_data=True)[-1]
    assert full["status"] == "COMPLETED"
    assert full["data"]["value"] in full["data"]["page_text"]
    shown = studio(
        "extractInformation", {}, file=file, **given, return_bboxes="true", return_annotated_pages="true"
    )
    document = shown["documents"][0]
    assert document["matches"] == plain["documents"][0]["matches"]
    assert len(document["bboxes"]) == len(document["annotated_pages"]) == 2
    assert document["bboxes"][0][0][0]["TLx"] < document["bboxes"][0][0][0]["TRx"] <= 1
    assert base64.b64decode(document["annotated_pages"][0]).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "xlsx"])
def test_what_is_downloaded_can_be_uploaded_again(studio: Studio, kind: str) -> None:
    download = studio("downloadGroup", project_id=HOTELS, group_id=18, format=kind)
    assert isinstance(download, Download)
    file = UploadedFile(download.file_name, download.content_type, download.content)
    stored = studio("uploadGroupFile", {}, file=file, project_id=HOTELS)
    body = {"file_id": stored["id"], "column_name": "text"}
    group = studio("createGroup", body, project_id=HOTELS)
    given = {"project_id": HOTELS, "details": ["meta"], "limit": 1}
    first = studio("listGroupDocuments", **given, group_id=18)[0]
    again = studio("listGroupDocuments", **given, group_id=group["id"])[0]
    assert (again["text"], again["meta"]["hotel"]) == (first["text"], first["meta"]["hotel"])
