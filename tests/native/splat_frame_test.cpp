// Frames on every backend: what a rendering keeps, adding up gradients, statistics.
#include "splat_scene.h"

using namespace diorama::test;

TEST_CASE("gradients add up over frames, but those of the places in the picture") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(1);
    TestScene scene(random, {.count = 40, .coefficients = 4, .features = 3});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 29, 21);
    const dio_splat_settings settings = default_settings();
    Pictures pictures(camera, 3), weights(camera, 3, &random);
    Gradients once(scene.sizes), thrice(scene.sizes);
    dio_context* context = shared_context(backend);
    REQUIRE(differentiate_on(backend, scene, camera, settings, weights, once) == DIO_STATUS_OK);
    {
      const Placed placed(context, together({scene.inputs(), pictures.all(), weights.all(), thrice.all()}));
      const Frame frame(context);
      const dio_splat_gaussians gaussians = scene.get();
      const dio_splat_images drawn = pictures.get(), given = weights.get();
      const dio_splat_gradients results = thrice.get();
      for (int pass = 0; pass < 3; ++pass) {
        // The second pass differentiates the first rendering again.
        if (pass != 1) {
          REQUIRE(dio_splat_render(context, frame, &gaussians, &camera, &settings, &drawn) == DIO_STATUS_OK);
        }
        REQUIRE(dio_splat_backward(context, frame, &gaussians, &given, pass > 0, &results) == DIO_STATUS_OK);
      }
    }
    const auto one = once.all(), three = thrice.all();
    for (std::size_t n = 0; n < one.size(); ++n) {
      const double times = three[n] == &thrice.means2d ? 1 : 3;
      const auto a = one[n]->read(), b = three[n]->read();
      double largest = 0, off = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::fabs(times * a[i]));
        off = std::max(off, std::fabs(times * a[i] - b[i]));
      }
      INFO("gradient " << n);
      CHECK(largest > 0);
      CHECK(off <= 0x1p-22 * largest);
    }
  }
}

TEST_CASE("some pictures and some gradients are the same as all of them") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(2);
    TestScene scene(random, {.count = 60, .coefficients = 9, .features = 2});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_FISHEYE, 31, 18);
    const dio_splat_settings settings = default_settings();
    dio_context* context = shared_context(backend);
    Pictures all(camera, 2);
    REQUIRE(draw_on(backend, scene, camera, settings, all) == DIO_STATUS_OK);
    Pictures some(camera, 2), weights(camera, 2, &random);
    Gradients whole(scene.sizes), part(scene.sizes);
    {
      const Placed placed(context,
                          together({scene.inputs(), some.all(), weights.all(), whole.all(), part.all()}));
      const Frame frame(context);
      const dio_splat_gaussians gaussians = scene.get();
      const dio_splat_images normals = {nullptr, nullptr, nullptr, nullptr, some.normals, nullptr};
      REQUIRE(dio_splat_render(context, frame, &gaussians, &camera, &settings, &normals) == DIO_STATUS_OK);
      const dio_splat_images features = {nullptr, nullptr, nullptr, nullptr, nullptr, some.features};
      REQUIRE(dio_splat_render(context, frame, &gaussians, &camera, &settings, &features) == DIO_STATUS_OK);

      // Of a picture that was not drawn: gradients are of all that could be.
      const dio_splat_images depth = {nullptr, weights.depth, nullptr, nullptr, nullptr, nullptr};
      const dio_splat_gradients every = whole.get();
      REQUIRE(dio_splat_backward(context, frame, &gaussians, &depth, 0, &every) == DIO_STATUS_OK);
      const dio_splat_gradients view = {nullptr, nullptr, nullptr, nullptr,
                                        nullptr, nullptr, nullptr, part.view};
      REQUIRE(dio_splat_backward(context, frame, &gaussians, &depth, 0, &view) == DIO_STATUS_OK);
    }
    for (const auto& [drawn, expected] :
         {std::pair{&some.normals, &all.normals}, {&some.features, &all.features}}) {
      const auto a = drawn->read(), b = expected->read();
      for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::fabs(a[i] - b[i]) <= 1e-6);
    }
    const auto a = part.view.read(), b = whole.view.read();
    double largest = 0;
    for (const double value : b) largest = std::max(largest, std::fabs(value));
    CHECK(largest > 0);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::fabs(a[i] - b[i]) <= 0x1p-20 * largest);
    for (int i = 12; i < 16; ++i) CHECK(b[static_cast<std::size_t>(i)] == 0);
    for (const double value : whole.sh.read()) CHECK(value == 0);  // depth has no colour
  }
}

TEST_CASE("gradients of places are those of means where the camera only scales") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(3);
    TestScene scene(random, {.count = 50, .coefficients = 1});
    dio_splat_camera camera = test_camera(DIO_CAMERA_ORTHOGRAPHIC, 40, 31);
    const float straight[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    std::copy(straight, straight + 16, camera.view);
    Pictures weights(camera, 0, &random);
    Gradients gradients(scene.sizes);
    REQUIRE(differentiate_on(backend, scene, camera, smooth_settings(), weights, gradients) == DIO_STATUS_OK);
    const auto means = gradients.means.read(), places = gradients.means2d.read();
    for (std::size_t i = 0; i < 50; ++i) {
      CHECK(means[3 * i] == doctest::Approx(camera.fx * places[2 * i]).epsilon(1e-5));
      CHECK(means[3 * i + 1] == doctest::Approx(camera.fy * places[2 * i + 1]).epsilon(1e-5));
    }
  }
}

TEST_CASE("a frame counts what it drew") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    Random random(4);
    TestScene scene(random, {.count = 4, .coefficients = 1});
    scene.place(0, {0.75, 0.5, 3}, 0.1, 0.5, {1, 1, 1});
    scene.place(1, {0.75, 0.5, 4}, 0.1, 0.5, {1, 1, 1});
    scene.place(2, {0.75, 0.5, 4}, 0.1, 0.001, {1, 1, 1});  // below alpha_min
    scene.place(3, {0.75, 0.5, -4}, 0.1, 0.5, {1, 1, 1});   // behind
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 64, 48);
    const dio_splat_settings settings = default_settings();
    dio_context* context = shared_context(backend);
    const Frame frame(context);
    dio_splat_stats stats;
    REQUIRE(dio_splat_frame_stats(frame, &stats) == DIO_STATUS_OK);
    CHECK(stats.gaussians == 0);
    Pictures pictures(camera, 0);
    {
      const Placed placed(context, together({scene.inputs(), pictures.all()}));
      const dio_splat_gaussians gaussians = scene.get();
      const dio_splat_images images = pictures.get();
      REQUIRE(dio_splat_render(context, frame, &gaussians, &camera, &settings, &images) == DIO_STATUS_OK);
    }
    REQUIRE(dio_splat_frame_stats(frame, &stats) == DIO_STATUS_OK);
    CHECK(stats.gaussians == 4);
    CHECK(stats.visible == 2);
    CHECK(stats.intersections >= 2);
    int64_t covered = 0;
    for (const double alpha : pictures.alpha.read()) covered += alpha > 0;
    CHECK(covered > 0);
    CHECK(stats.evaluations >= covered);
    CHECK(stats.bytes > 0);
    for (const double time : {stats.project_ms, stats.bin_ms, stats.sort_ms, stats.raster_ms}) {
      CHECK(time >= 0);
      CHECK(time < 60000);
    }
  }
}

TEST_CASE("harmonics of half precision are for drawing alone") {
  for (const std::string& backend : drawing_backends()) {
    INFO(backend);
    for (const std::string operation : {"splat_project", "splat_render", "splat_backward"}) {
      int32_t supported = -1;
      REQUIRE(dio_backend_supports(backend.c_str(), operation.c_str(), DIO_F16, &supported) == DIO_STATUS_OK);
      CHECK(supported == (operation == "splat_backward" ? 0 : 1));
    }
    Random random(5);
    TestScene scene(random, {.count = 9, .coefficients = 4, .harmonics = DIO_F16});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 20, 20);
    Pictures weights(camera, 0, &random);
    Gradients gradients(scene.sizes);
    CHECK(differentiate_on(backend, scene, camera, default_settings(), weights, gradients) ==
          DIO_STATUS_INVALID_ARGUMENT);
    CHECK(std::string(dio_last_error()) ==
          "splat_backward: gaussians.sh has dtype f16, expected f32: f16 is for drawing alone");
    TestScene other(random, {.count = 9, .coefficients = 4, .harmonics = DIO_BF16});
    Pictures pictures(camera, 0);
    CHECK(draw_on(backend, other, camera, default_settings(), pictures) == DIO_STATUS_INVALID_ARGUMENT);
    CHECK(std::string(dio_last_error()) == "splat_render: gaussians.sh has dtype bf16, expected f32 or f16");
  }
}

TEST_CASE("a device records projections into a graph, and refuses renderings, whose memory it cannot know") {
  for (const std::string& backend : drawing_backends()) {
    if (backend.rfind("cuda", 0) != 0 && backend != "simt") continue;
    INFO(backend);
    Random random(6);
    TestScene scene(random, {.count = 70, .coefficients = 9});
    const dio_splat_camera camera = test_camera(DIO_CAMERA_PINHOLE, 33, 27);
    const dio_splat_settings settings = default_settings();
    dio_context* context = shared_context(backend);
    Pictures pictures(camera, 0);
    TestTensor at_once(DIO_F32, {70, 2}), later(DIO_F32, {70, 2});
    {
      const Placed placed(context, together({scene.inputs(), pictures.all(), {&at_once, &later}}));
      const dio_splat_gaussians gaussians = scene.get();
      const auto project = [&](TestTensor& means2d) {
        const dio_splat_projection out = {means2d, nullptr, nullptr, nullptr, nullptr, nullptr};
        return dio_splat_project(context, &gaussians, &camera, &settings, &out);
      };
      REQUIRE(project(at_once) == DIO_STATUS_OK);
      const Frame frame(context);
      const dio_splat_images images = pictures.get();
      dio_graph* graph = nullptr;
      REQUIRE(dio_graph_begin(context) == DIO_STATUS_OK);
      CHECK(project(later) == DIO_STATUS_OK);
      CHECK(dio_splat_render(context, frame, &gaussians, &camera, &settings, &images) ==
            DIO_STATUS_INVALID_ARGUMENT);
      CHECK(std::string(dio_last_error()) ==
            "splat_render cannot be part of a graph, as its memory depends on what is seen; call it before "
            "graph_begin or after graph_end");
      REQUIRE(dio_graph_end(context, &graph) == DIO_STATUS_OK);
      CHECK(dio_graph_launch(context, graph) == DIO_STATUS_OK);
      CHECK(dio_splat_render(context, frame, &gaussians, &camera, &settings, &images) == DIO_STATUS_OK);
      CHECK(dio_graph_destroy(graph) == DIO_STATUS_OK);
    }
    const auto a = at_once.read(), b = later.read();
    CHECK(a == b);
    CHECK(std::any_of(a.begin(), a.end(), [](double x) { return x != 0; }));
  }
}
