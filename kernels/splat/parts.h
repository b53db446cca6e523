#pragma once

#include "operations.h"

namespace diorama {

// The folder's two halves: drawing (project, render, backward) and training (loss, Adam, densification).
void add_splat_drawing_reference(Operations& operations);
void add_splat_drawing_plain(Operations& operations);
void add_splat_drawing_cpu(Operations& operations);
void add_splat_training_reference(Operations& operations);
void add_splat_training_plain(Operations& operations);
void add_splat_training_cpu(Operations& operations);

}  // namespace diorama
