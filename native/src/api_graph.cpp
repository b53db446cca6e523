#include <algorithm>

#include "api.h"

using namespace diorama;

dio_status dio_graph_begin(dio_context* context) {
  return with_context("graph_begin", context, [](Context& c) { c.begin_graph(); });
}

dio_status dio_graph_end(dio_context* context, dio_graph** graph) {
  return with_context("graph_end", context, [&](Context& c) {
    auto handle = std::make_unique<dio_graph>(context, c.end_graph());
    Check("graph_end").pointer("graph", graph);
    context->graphs.push_back(handle.get());
    *graph = handle.release();
  });
}

dio_status dio_graph_launch(dio_context* context, dio_graph* graph) {
  return with_context("graph_launch", context, [&](Context& c) {
    const Check check("graph_launch");
    check.pointer("graph", graph);
    if (graph->owner == nullptr) check.fail("the context that recorded graph has been destroyed");
    if (graph->owner != context) check.fail("graph was recorded by another context; launch it on that one");
    c.launch(*graph->graph);
  });
}

dio_status dio_graph_destroy(dio_graph* graph) {
  if (graph == nullptr) return DIO_STATUS_OK;
  if (graph->owner == nullptr) return guarded([&] { delete graph; });
  return with_context("graph_destroy", graph->owner, [&](Context& c) {
    c.synchronize();
    auto& graphs = graph->owner->graphs;
    graphs.erase(std::find(graphs.begin(), graphs.end(), graph));
    delete graph;
  });
}
