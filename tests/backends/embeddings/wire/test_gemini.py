"""Gemini's embeddings, with an API key and at Vertex."""

from loopbus.backends.embeddings.wire.gemini import GEMINI, GEMINI_2, VERTEX, VERTEX_GEMINI

from .shapes import PURPOSES, VECTORS, body, meaning


def test_each_text_is_a_request_of_its_own_in_the_batch() -> None:
    """Which names the model once more, and the task."""
    asked = {"model": "models/m", "taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 768}
    assert body(GEMINI, "a", "b", dimensions=768) == {
        "requests": [{**asked, "content": {"parts": [{"text": text}]}} for text in "ab"]
    }
    assert GEMINI.path("gemini-embedding-001") == "/models/gemini-embedding-001:batchEmbedContents"
    assert GEMINI.path("tunedModels/x y") == "/tunedModels/x%20y:batchEmbedContents"


def test_a_model_that_takes_no_task_is_told_it_in_the_text() -> None:
    """Each purpose in its own way."""
    bodies = [body(GEMINI_2, "tea", purpose=purpose)["requests"][0] for purpose in PURPOSES]
    assert [one["content"]["parts"][0]["text"] for one in bodies] == [
        "title: none | text: tea",
        "task: search result | query: tea",
        "task: classification | query: tea",
        "task: clustering | query: tea",
    ]
    assert all("taskType" not in one for one in bodies)


def test_vectors_are_read() -> None:
    """With the tokens, where they are told."""
    answer = {"embeddings": [{"values": vector} for vector in VECTORS]}
    assert meaning(GEMINI, answer) == (VECTORS, 0)
    assert meaning(GEMINI_2, {**answer, "usageMetadata": {"promptTokenCount": 9}}) == (VECTORS, 9)


def test_vertex_takes_instances() -> None:
    """And is told whether it may cut them."""
    tasks = [body(VERTEX, "a", purpose=purpose)["instances"][0]["task_type"] for purpose in PURPOSES]
    assert tasks == ["RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY", "CLASSIFICATION", "CLUSTERING"]
    assert body(VERTEX, "a", truncate=True)["parameters"] == {"autoTruncate": True}
    assert body(VERTEX, "a", dimensions=8)["parameters"] == {"autoTruncate": False, "outputDimensionality": 8}
    assert VERTEX.path("text-embedding-005") == "/models/text-embedding-005:predict"
    assert VERTEX_GEMINI.limits.texts == 1


def test_vertex_predicts_vectors() -> None:
    """Each with its own count of tokens."""
    predictions = [{"embeddings": {"values": vector, "statistics": {"token_count": 4}}} for vector in VECTORS]
    assert meaning(VERTEX, {"predictions": predictions}) == (VECTORS, 8)
