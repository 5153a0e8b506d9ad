"""The fake of `qdrant_fake`, spoken to over gRPC: qdrant-client's own services and conversions before its `:memory:` engine.

A fault's status is the number of a gRPC code.
"""

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc as rpc
from qdrant_client import grpc, models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc, grpc_to_payload
from qdrant_client.grpc.collections_service_pb2_grpc import CollectionsServicer, add_CollectionsServicer_to_server
from qdrant_client.grpc.points_service_pb2_grpc import PointsServicer, add_PointsServicer_to_server

from tests.index.qdrant_fake import FakeQdrant

CODES = {code.value[0]: code for code in rpc.StatusCode}


@contextmanager
def serving_grpc(fake: FakeQdrant) -> Iterator[int]:
    """A context in which the fake speaks gRPC on the loopback; the port."""
    server = rpc.server(ThreadPoolExecutor(4))
    add_CollectionsServicer_to_server(Collections(fake), server)
    add_PointsServicer_to_server(Points(fake), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def answered(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, after the key was looked at and a fault was let happen; what the engine refuses is a code."""

    def answer(self: Any, request: Any, context: rpc.ServicerContext) -> Any:
        fake: FakeQdrant = self.fake
        fault = fake.faults("GRPC", method.__name__)
        fake.asked.append(("GRPC", method.__name__))
        if fake.api_key and dict(context.invocation_metadata()).get("api-key") != fake.api_key:
            context.abort(rpc.StatusCode.UNAUTHENTICATED, "Must provide an API key")
        if fault:
            context.abort(CODES[fault.status], "on request")
        with fake.lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return method(self, request)
            except ValueError as error:
                context.abort(rpc.StatusCode.NOT_FOUND if "not found" in str(error) else rpc.StatusCode.INVALID_ARGUMENT, str(error))

    return answer


class Collections(CollectionsServicer):
    """Collections and aliases."""

    def __init__(self, fake: FakeQdrant) -> None:
        self.fake, self.engine = fake, fake.engine

    @answered
    def List(self, request: Any) -> Any:  # noqa: N802
        return grpc.ListCollectionsResponse(collections=[RestToGrpc.convert_collection_description(each) for each in self.engine.get_collections().collections])

    @answered
    def Get(self, request: Any) -> Any:  # noqa: N802
        return grpc.GetCollectionInfoResponse(result=RestToGrpc.convert_collection_info(self.engine.get_collection(request.collection_name)))

    @answered
    def CollectionExists(self, request: Any) -> Any:  # noqa: N802
        return grpc.CollectionExistsResponse(result=grpc.CollectionExists(exists=self.engine.collection_exists(request.collection_name)))

    @answered
    def Create(self, request: Any) -> Any:  # noqa: N802
        vectors = GrpcToRest.convert_vectors_config(request.vectors_config)
        return self.done(self.engine.create_collection(request.collection_name, vectors_config=vectors, metadata=grpc_to_payload(request.metadata)))

    @answered
    def Update(self, request: Any) -> Any:  # noqa: N802
        return self.done(self.engine.update_collection(request.collection_name, metadata=grpc_to_payload(request.metadata)))

    @answered
    def Delete(self, request: Any) -> Any:  # noqa: N802
        return self.done(self.engine.delete_collection(request.collection_name))

    @answered
    def ListAliases(self, request: Any) -> Any:  # noqa: N802
        return grpc.ListAliasesResponse(aliases=[RestToGrpc.convert_alias_description(each) for each in self.engine.get_aliases().aliases])

    @answered
    def UpdateAliases(self, request: Any) -> Any:  # noqa: N802
        return self.done(self.engine.update_collection_aliases([GrpcToRest.convert_alias_operations(each) for each in request.actions]))

    def done(self, result: bool) -> Any:
        """What says yes or no."""
        return grpc.CollectionOperationResponse(result=result)


class Points(PointsServicer):
    """Points and searches."""

    def __init__(self, fake: FakeQdrant) -> None:
        self.fake, self.engine = fake, fake.engine

    @answered
    def CreateFieldIndex(self, request: Any) -> Any:  # noqa: N802
        self.engine.create_payload_index(request.collection_name, request.field_name, models.PayloadSchemaType.KEYWORD)
        return grpc.PointsOperationResponse(result=grpc.UpdateResult(status=grpc.UpdateStatus.Completed))

    @answered
    def Upsert(self, request: Any) -> Any:  # noqa: N802
        self.engine.upsert(request.collection_name, [GrpcToRest.convert_point_struct(each) for each in request.points])
        return grpc.PointsOperationResponse(result=grpc.UpdateResult(status=grpc.UpdateStatus.Completed))

    @answered
    def Get(self, request: Any) -> Any:  # noqa: N802
        found = self.engine.retrieve(request.collection_name, [GrpcToRest.convert_point_id(each) for each in request.ids], with_payload=True, with_vectors=True)
        return grpc.GetResponse(result=[RestToGrpc.convert_retrieved_point(each) for each in found])

    @answered
    def Scroll(self, request: Any) -> Any:  # noqa: N802
        start = GrpcToRest.convert_point_id(request.offset) if request.HasField("offset") else None
        found, offset = self.engine.scroll(request.collection_name, limit=request.limit, offset=start)
        following = {} if offset is None else {"next_page_offset": RestToGrpc.convert_extended_point_id(offset)}
        return grpc.ScrollResponse(result=[RestToGrpc.convert_retrieved_point(each) for each in found], **following)

    @answered
    def Count(self, request: Any) -> Any:  # noqa: N802
        return grpc.CountResponse(result=RestToGrpc.convert_count_result(self.engine.count(request.collection_name)))

    @answered
    def QueryBatch(self, request: Any) -> Any:  # noqa: N802
        asked = [GrpcToRest.convert_query_points(each) for each in request.query_points]
        answers = self.engine.query_batch_points(request.collection_name, asked)
        return grpc.QueryBatchResponse(result=[grpc.BatchResult(result=[RestToGrpc.convert_scored_point(each) for each in answer.points]) for answer in answers])
