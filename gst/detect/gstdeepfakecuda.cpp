// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakecuda.h"

#ifdef HAVE_GST_CUDA

#define GST_USE_UNSTABLE_API
#include <dlfcn.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

#include <cstdlib>

namespace {

// What GStreamer's own loader lacks. The primary context is kept for the life of the process, as
// LibTorch does.
CUcontext retain_primary(CUdevice device) {
  using Retain = CUresult (*)(CUcontext*, CUdevice);
  static void* const kLibrary = dlopen("libcuda.so.1", RTLD_NOW);
  if (kLibrary == nullptr) return nullptr;
  static const auto kRetain = reinterpret_cast<Retain>(dlsym(kLibrary, "cuDevicePrimaryCtxRetain"));
  CUcontext context = nullptr;
  if (kRetain == nullptr || kRetain(&context, device) != CUDA_SUCCESS) return nullptr;
  return context;
}

}  // namespace

GstObject* gst_deepfake_cuda_context_new(const std::string& device, int& index) {
  if (device == "cpu" || gst_cuda_load_library() == FALSE || CuInit(0) != CUDA_SUCCESS) {
    return nullptr;
  }
  const std::string prefix = "cuda:";
  index = device.rfind(prefix, 0) == 0 ? std::atoi(device.c_str() + prefix.size()) : 0;
  CUdevice handle = 0;
  if (CuDeviceGet(&handle, index) != CUDA_SUCCESS) return nullptr;
  const CUcontext primary = retain_primary(handle);
  return primary == nullptr ? nullptr : GST_OBJECT(gst_cuda_context_new_wrapped(primary, handle));
}

bool gst_deepfake_cuda_answer(GstElement* element, GstQuery* query, GstObject* context) {
  return context != nullptr &&
         gst_cuda_handle_context_query(element, query, GST_CUDA_CONTEXT(context)) != FALSE;
}

bool gst_deepfake_cuda_is_ready(GstBuffer* buffer, GstObject* context) {
  GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
  if (context == nullptr || gst_is_cuda_memory(memory) == FALSE) return false;
  if (GST_CUDA_MEMORY_CAST(memory)->context != GST_CUDA_CONTEXT(context)) return false;
#if GST_CHECK_VERSION(1, 24, 0)
  gst_cuda_memory_sync(GST_CUDA_MEMORY_CAST(memory));
#endif
  return true;
}

#else

GstObject* gst_deepfake_cuda_context_new(const std::string& /*device*/, int& /*index*/) {
  return nullptr;
}

bool gst_deepfake_cuda_answer(GstElement* /*element*/, GstQuery* /*query*/,
                              GstObject* /*context*/) {
  return false;
}

bool gst_deepfake_cuda_is_ready(GstBuffer* /*buffer*/, GstObject* /*context*/) { return false; }

#endif
