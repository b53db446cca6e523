#pragma once

namespace diorama {

double measure_flops(int threads, double seconds);
double measure_bandwidth(int threads, double seconds);

}  // namespace diorama
