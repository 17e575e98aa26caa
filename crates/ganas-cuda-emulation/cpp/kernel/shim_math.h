// The mathematical functions of CUDA that kernels of ganas use; a part of shim.h.
//
// The fast forms (`__expf`, `__fdividef`, ...) are the exact ones here: rounding of a GPU is not emulated.
#pragma once

// ---- Of the C library ----

#define GANAS_EMULATION_UNARY(name)                                   \
  extern "C" float name##f(float) noexcept;                           \
  extern "C" double name(double) noexcept;                            \
  static inline float name(float x) { return name##f(x); }
GANAS_EMULATION_UNARY(exp)
GANAS_EMULATION_UNARY(exp2)
GANAS_EMULATION_UNARY(expm1)
GANAS_EMULATION_UNARY(log)
GANAS_EMULATION_UNARY(log2)
GANAS_EMULATION_UNARY(log10)
GANAS_EMULATION_UNARY(log1p)
GANAS_EMULATION_UNARY(sqrt)
GANAS_EMULATION_UNARY(cbrt)
GANAS_EMULATION_UNARY(sin)
GANAS_EMULATION_UNARY(cos)
GANAS_EMULATION_UNARY(tan)
GANAS_EMULATION_UNARY(sinh)
GANAS_EMULATION_UNARY(cosh)
GANAS_EMULATION_UNARY(tanh)
GANAS_EMULATION_UNARY(erf)
GANAS_EMULATION_UNARY(fabs)
GANAS_EMULATION_UNARY(floor)
GANAS_EMULATION_UNARY(ceil)
GANAS_EMULATION_UNARY(trunc)
GANAS_EMULATION_UNARY(round)
GANAS_EMULATION_UNARY(rint)
#undef GANAS_EMULATION_UNARY

#define GANAS_EMULATION_BINARY(name)                                              \
  extern "C" float name##f(float, float) noexcept;                                \
  extern "C" double name(double, double) noexcept;                                \
  static inline float name(float x, float y) { return name##f(x, y); }
GANAS_EMULATION_BINARY(pow)
GANAS_EMULATION_BINARY(fmod)
GANAS_EMULATION_BINARY(fmin)
GANAS_EMULATION_BINARY(fmax)
GANAS_EMULATION_BINARY(hypot)
GANAS_EMULATION_BINARY(copysign)
#undef GANAS_EMULATION_BINARY

static inline float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }

static inline int abs(int x) { return x < 0 ? -x : x; }
static inline float abs(float x) { return __builtin_fabsf(x); }
static inline bool isnan(float x) { return __builtin_isnan(x); }
static inline bool isinf(float x) { return __builtin_isinf_sign(x) != 0; }
static inline bool isfinite(float x) { return __builtin_isfinite(x); }

// ---- Of CUDA ----

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline float __expf(float x) { return expf(x); }
static inline float __logf(float x) { return logf(x); }
static inline float __log2f(float x) { return log2f(x); }
static inline float __powf(float x, float y) { return powf(x, y); }
static inline float __tanhf(float x) { return tanhf(x); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float fdividef(float x, float y) { return x / y; }
static inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
static inline float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __frcp_rn(float x) { return 1.0f / x; }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)(x)); }
static inline int __mul24(int x, int y) { return x * y; }
static inline unsigned __umulhi(unsigned x, unsigned y) { return unsigned((unsigned long long)(x) * y >> 32); }
static inline int __float2int_rn(float x) { return int(rintf(x)); }
static inline int __float2int_rz(float x) { return int(x); }
static inline int __float2int_rd(float x) { return int(floorf(x)); }
static inline float __int2float_rn(int x) { return float(x); }
static inline float __uint2float_rn(unsigned x) { return float(x); }

static inline float __int_as_float(int bits) { return ganas_emulation::bits_as<float>(bits); }
static inline float __uint_as_float(unsigned bits) { return ganas_emulation::bits_as<float>(bits); }
static inline int __float_as_int(float x) { return ganas_emulation::bits_as<int>(x); }
static inline unsigned __float_as_uint(float x) { return ganas_emulation::bits_as<unsigned>(x); }

template <class T>
static inline T __ldg(const T* address) { return *address; }
template <class T>
static inline T __ldcs(const T* address) { return *address; }
template <class T>
static inline void __stcs(T* address, T value) { *address = value; }

#define GANAS_EMULATION_MIN_MAX(type)                                              \
  static inline type min(type x, type y) { return y < x ? y : x; }                \
  static inline type max(type x, type y) { return x < y ? y : x; }
GANAS_EMULATION_MIN_MAX(int)
GANAS_EMULATION_MIN_MAX(unsigned)
GANAS_EMULATION_MIN_MAX(long)
GANAS_EMULATION_MIN_MAX(unsigned long)
GANAS_EMULATION_MIN_MAX(long long)
GANAS_EMULATION_MIN_MAX(unsigned long long)
#undef GANAS_EMULATION_MIN_MAX
// The smaller number, and of a number and a NaN the number, as fminf and fmaxf.
static inline float min(float x, float y) { return fminf(x, y); }
static inline float max(float x, float y) { return fmaxf(x, y); }
static inline double min(double x, double y) { return fmin(x, y); }
static inline double max(double x, double y) { return fmax(x, y); }
