// SPDX-License-Identifier: LGPL-2.1-or-later
//
// GLib's locks are system calls in a library that ThreadSanitizer did not build, so that all they
// order looks unordered. A test program linked with this file has them, and the reference counts of
// GStreamer's objects, in front of the real ones, and tells the sanitizer what they order.

#include <dlfcn.h>
#include <gst/gst.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace {

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// What was done before any unref comes before the one that frees.
void order(void* object) {
  __tsan_acquire(object);
  __tsan_release(object);
}

}  // namespace

#define NEXT(name) static auto* const real = next<decltype(name)>(#name)

// Names, arguments and results are GLib's and GStreamer's.
extern "C" {

void g_mutex_lock(GMutex* mutex) {
  NEXT(g_mutex_lock);
  real(mutex);
  __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  NEXT(g_mutex_trylock);
  const gboolean locked = real(mutex);
  if (locked != FALSE) __tsan_acquire(mutex);
  return locked;
}

void g_mutex_unlock(GMutex* mutex) {
  NEXT(g_mutex_unlock);
  __tsan_release(mutex);
  real(mutex);
}

void g_rec_mutex_lock(GRecMutex* mutex) {
  NEXT(g_rec_mutex_lock);
  real(mutex);
  __tsan_acquire(mutex);
}

void g_rec_mutex_unlock(GRecMutex* mutex) {
  NEXT(g_rec_mutex_unlock);
  __tsan_release(mutex);
  real(mutex);
}

void g_cond_wait(GCond* condition, GMutex* mutex) {
  NEXT(g_cond_wait);
  __tsan_release(mutex);
  real(condition, mutex);
  __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond* condition, GMutex* mutex, gint64 end_time) {
  NEXT(g_cond_wait_until);
  __tsan_release(mutex);
  const gboolean signalled = real(condition, mutex, end_time);
  __tsan_acquire(mutex);
  return signalled;
}

void g_async_queue_push(GAsyncQueue* queue, gpointer data) {
  NEXT(g_async_queue_push);
  __tsan_release(queue);
  real(queue, data);
}

gpointer g_async_queue_try_pop(GAsyncQueue* queue) {
  NEXT(g_async_queue_try_pop);
  gpointer data = real(queue);
  __tsan_acquire(queue);
  return data;
}

gpointer g_async_queue_timeout_pop(GAsyncQueue* queue, guint64 timeout) {
  NEXT(g_async_queue_timeout_pop);
  gpointer data = real(queue, timeout);
  __tsan_acquire(queue);
  return data;
}

void gst_mini_object_unref(GstMiniObject* object) {
  NEXT(gst_mini_object_unref);
  order(object);
  real(object);
}

GstMiniObject* gst_mini_object_make_writable(GstMiniObject* object) {
  NEXT(gst_mini_object_make_writable);
  order(object);
  return real(object);
}

void gst_object_unref(gpointer object) {
  NEXT(gst_object_unref);
  order(object);
  real(object);
}

}  // extern "C"
