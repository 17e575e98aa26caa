// CUDA C++ as the kernels of ganas use it, for a host compiler. The emulated NVRTC includes it in front of a source.
//
// No header of the standard library is included, so that a source that needs one does not compile here either: NVRTC
// has none. The qualifiers `__global__`, `__launch_bounds__` and `__shared__` are no macros: the emulated NVRTC replaces
// them itself, because it has to find the kernels and the dynamic shared memory.
//
// Not here, on purpose: textures, half precision, cooperative groups, warp matrix operations, asynchronous copies,
// inline PTX, `__activemask`, atomics on floats. A kernel that uses one of them fails to compile.
#pragma once

#include "interface.h"

// ---- Qualifiers ----

#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __restrict__ __restrict

// ---- Types ----

using size_t = decltype(sizeof 0);
using uint3 = ganas_emulation::Index;

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

struct alignas(8) float2 { float x, y; };
struct float3 { float x, y, z; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct int3 { int x, y, z; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) double2 { double x, y; };

static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline int2 make_int2(int x, int y) { return {x, y}; }
static inline int3 make_int3(int x, int y, int z) { return {x, y, z}; }
static inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static inline double2 make_double2(double x, double y) { return {x, y}; }

// ---- What connects the source with the driver ----

namespace ganas_emulation {

static const Runtime* runtime;
static thread_local Registers registers;

template <class To, class From>
inline To bits_as(From from) {
  To to{};
  __builtin_memcpy(&to, &from, sizeof(To) < sizeof(From) ? sizeof(To) : sizeof(From));
  return to;
}

inline unsigned lane() {
  const Registers& r = registers;
  return (r.thread_index.x + r.block_size.x * (r.thread_index.y + r.block_size.y * r.thread_index.z)) & 31u;
}

template <class T>
inline T shuffle(unsigned mask, T value, unsigned source, Place place) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles take values of 4 or 8 bytes");
  auto bits = bits_as<unsigned long long>(value);
  return bits_as<T>(runtime->collective(Collective::shuffle, mask, bits, source, place));
}

inline unsigned ballot(unsigned mask, bool predicate, Place place) {
  return unsigned(runtime->collective(Collective::ballot, mask, predicate, 0, place));
}

// The first lane of the segment of `width` lanes that the calling lane belongs to.
inline unsigned segment(unsigned width, Place place) {
  if (width == 0 || width > 32 || (width & (width - 1)) != 0) runtime->fail("a shuffle's width is 1, 2, 4, 8, 16 or 32", place);
  return lane() & ~(width - 1);
}

template <class T>
inline T shuffle_from(Place place, unsigned mask, T value, int source, unsigned width = 32) {
  return shuffle(mask, value, segment(width, place) + (unsigned(source) & (width - 1)), place);
}

template <class T>
inline T shuffle_up(Place place, unsigned mask, T value, unsigned distance, unsigned width = 32) {
  unsigned first = segment(width, place), self = lane();
  return shuffle(mask, value, self - first >= distance ? self - distance : self, place);
}

template <class T>
inline T shuffle_down(Place place, unsigned mask, T value, unsigned distance, unsigned width = 32) {
  unsigned first = segment(width, place), self = lane();
  return shuffle(mask, value, distance < first + width - self ? self + distance : self, place);
}

template <class T>
inline T shuffle_xor(Place place, unsigned mask, T value, unsigned bits, unsigned width = 32) {
  unsigned first = segment(width, place), self = lane(), source = self ^ bits;
  return shuffle(mask, value, source < first + width ? source : self, place);
}

inline void synchronise_warp(Place place, unsigned mask = 0xffffffffu) {
  runtime->collective(Collective::synchronise, mask, 0, 0, place);
}

// The numbers 0 to n - 1, as a type.
template <unsigned... positions>
struct Positions {
  using All = Positions;
};
template <unsigned n, unsigned... later>
struct UpTo : UpTo<n - 1, n - 1, later...> {};
template <unsigned... positions>
struct UpTo<0, positions...> : Positions<positions...> {};

template <class T>
constexpr bool is_pointer = false;
template <class T>
constexpr bool is_pointer<T*> = true;

// The launcher of a kernel: one function for each list of parameter types.
template <auto kernel>
struct Launcher;

template <class... Parameters, void (*kernel)(Parameters...)>
struct Launcher<kernel> {
  static constexpr unsigned count = sizeof...(Parameters);
  // One more, because an array has at least one element.
  static constexpr Parameter parameters[count + 1] = {
      {sizeof(Parameters), is_pointer<Parameters>}..., {0, false}};

  static void invoke(void* const* arguments) { unpack(arguments, typename UpTo<count>::All{}); }

 private:
  template <unsigned... positions>
  static void unpack([[maybe_unused]] void* const* arguments, Positions<positions...>) {
    kernel(*static_cast<Parameters*>(arguments[positions])...);
  }
};

// The emulated NVRTC appends one such description for each kernel.
template <auto kernel>
constexpr Kernel describe(const char* name, unsigned max_threads) {
  using L = Launcher<kernel>;
  return {name, L::count, L::parameters, max_threads, L::invoke};
}

// What the checks that the compiler puts into the code (-fsanitize=...) know of a place; laid out as the compiler does.
struct CheckedPlace {
  const char* file;
  unsigned line, column;
};

// The compiler's calls say what is wrong; the launch ends there.
inline void fail_check(const char* what, const CheckedPlace& place) { runtime->fail(what, {place.file, int(place.line)}); }

inline Registers* registers_of_this_thread() { return &registers; }

}  // namespace ganas_emulation

// The names are those that the compiler calls; each gets a record that begins with the place.
#define GANAS_EMULATION_CHECK(name, what, ...)                                                                     \
  extern "C" __attribute__((visibility("hidden"), used)) inline void name(const ganas_emulation::CheckedPlace* place, ##__VA_ARGS__) { \
    ganas_emulation::fail_check(what, *place);                                                                     \
  }
GANAS_EMULATION_CHECK(__ubsan_handle_out_of_bounds, "an index is outside of its array", size_t)
GANAS_EMULATION_CHECK(__ubsan_handle_shift_out_of_bounds, "a shift is by less than 0 or by as many bits as there are", size_t, size_t)
GANAS_EMULATION_CHECK(__ubsan_handle_type_mismatch_v1, "an address is not aligned to what it points to, or null", size_t)
#undef GANAS_EMULATION_CHECK

#define GANAS_EMULATION_PLACE (ganas_emulation::Place{__FILE__, __LINE__})

// ---- Built-in variables ----

#define threadIdx (ganas_emulation::registers.thread_index)
#define blockIdx (ganas_emulation::registers.block_index)
#define blockDim (ganas_emulation::registers.block_size)
#define gridDim (ganas_emulation::registers.grid_size)
#define warpSize 32

// ---- Synchronisation and warp functions ----

#define __syncthreads() ganas_emulation::runtime->barrier(GANAS_EMULATION_PLACE)
#define __syncwarp(...) ganas_emulation::synchronise_warp(GANAS_EMULATION_PLACE __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) ganas_emulation::shuffle_from(GANAS_EMULATION_PLACE, __VA_ARGS__)
#define __shfl_up_sync(...) ganas_emulation::shuffle_up(GANAS_EMULATION_PLACE, __VA_ARGS__)
#define __shfl_down_sync(...) ganas_emulation::shuffle_down(GANAS_EMULATION_PLACE, __VA_ARGS__)
#define __shfl_xor_sync(...) ganas_emulation::shuffle_xor(GANAS_EMULATION_PLACE, __VA_ARGS__)
#define __ballot_sync(mask, predicate) ganas_emulation::ballot(mask, bool(predicate), GANAS_EMULATION_PLACE)
#define __any_sync(mask, predicate) int(__ballot_sync(mask, predicate) != 0)
#define __all_sync(mask, predicate) int(__ballot_sync(mask, !(predicate)) == 0)

// Threads take turns on one OS thread, so their writes are seen in order.
static inline void __threadfence() {}
static inline void __threadfence_block() {}

#define __trap() ganas_emulation::runtime->fail("__trap was called", GANAS_EMULATION_PLACE)
#undef assert
#define assert(condition) \
  ((condition) ? void() : ganas_emulation::runtime->fail("assertion failed: " #condition, GANAS_EMULATION_PLACE))

// ---- Atomics: integers only, because float sums would depend on the order of the threads ----

namespace ganas_emulation {

template <class T>
concept AtomicInteger = __is_same(T, int) || __is_same(T, unsigned) || __is_same(T, unsigned long long);

template <class T>
struct Itself { using Type = T; };

template <AtomicInteger T, class Update>
inline T update(T* address, Update next) {
  T old = __atomic_load_n(address, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(address, &old, T(next(old)), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
  return old;
}

}  // namespace ganas_emulation

#define GANAS_EMULATION_ATOMIC(name, result)                                                                        \
  template <ganas_emulation::AtomicInteger T>                                                                       \
  static inline T name(T* address, typename ganas_emulation::Itself<T>::Type value) {                               \
    return ganas_emulation::update(address, [value](T old) -> T { return result; });                                \
  }
GANAS_EMULATION_ATOMIC(atomicAdd, T(old + value))
GANAS_EMULATION_ATOMIC(atomicSub, T(old - value))
GANAS_EMULATION_ATOMIC(atomicExch, ((void)old, value))
GANAS_EMULATION_ATOMIC(atomicMin, old < value ? old : value)
GANAS_EMULATION_ATOMIC(atomicMax, old < value ? value : old)
GANAS_EMULATION_ATOMIC(atomicAnd, T(old & value))
GANAS_EMULATION_ATOMIC(atomicOr, T(old | value))
GANAS_EMULATION_ATOMIC(atomicXor, T(old ^ value))
#undef GANAS_EMULATION_ATOMIC

template <ganas_emulation::AtomicInteger T>
static inline T atomicCAS(T* address, typename ganas_emulation::Itself<T>::Type expected, typename ganas_emulation::Itself<T>::Type value) {
  return ganas_emulation::update(address, [=](T old) { return old == expected ? value : old; });
}

#include "shim_math.h"
