#pragma once

namespace diorama {

#if DIORAMA_CPU
// Of the host: fused multiply-adds a second (two operations each), and bytes a second of a copy.
double measure_flops(int threads, double seconds);
double measure_bandwidth(int threads, double seconds);
#endif

}  // namespace diorama
