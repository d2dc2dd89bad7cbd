// Vectors of 16 lanes, and the few operations whose instruction must be a certain one. Everything that rounds is either
// a plain operator on vectors or named here, so that every compiler and instruction set gives the same bits.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define UNROLL _Pragma("GCC unroll 64")

constexpr int LANES = 16;
#if defined(__AVX512F__)
constexpr int PARTS = 1;
#else
constexpr int PARTS = 2;  // registers that make up the 16 lanes
#endif
constexpr int WIDTH = LANES / PARTS;
typedef float float_part __attribute__((vector_size(4 * WIDTH)));
typedef int32_t int_part __attribute__((vector_size(4 * WIDTH)));

struct vf {
    float_part part[PARTS];
};
struct vi {
    int_part part[PARTS];
};
#define EACH_PART UNROLL for (int i = 0; i < PARTS; i++)

static inline vf load(const float* p) {
    vf v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
static inline void store(float* p, vf v) { std::memcpy(p, &v, sizeof v); }
static inline vf broadcast(float x) {
    vf v;
    EACH_PART v.part[i] = float_part{} + x;
    return v;
}
static inline vf to_float(vi v) {
    vf x;
    EACH_PART x.part[i] = __builtin_convertvector(v.part[i], float_part);
    return x;
}
static inline vf operator+(vf a, vf b) {
    EACH_PART a.part[i] = a.part[i] + b.part[i];
    return a;
}
static inline vf operator-(vf a, vf b) {
    EACH_PART a.part[i] = a.part[i] - b.part[i];
    return a;
}
static inline vf operator*(vf a, vf b) {
    EACH_PART a.part[i] = a.part[i] * b.part[i];
    return a;
}

#if defined(__AVX512F__)
static inline float_part fma(float_part a, float_part b, float_part c) {
    return (float_part)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
static inline float_part min(float_part a, float_part b) { return (float_part)_mm512_min_ps((__m512)a, (__m512)b); }
static inline float_part max(float_part a, float_part b) { return (float_part)_mm512_max_ps((__m512)a, (__m512)b); }
#elif defined(__FMA__)
static inline float_part fma(float_part a, float_part b, float_part c) {
    return (float_part)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
static inline float_part min(float_part a, float_part b) { return (float_part)_mm256_min_ps((__m256)a, (__m256)b); }
static inline float_part max(float_part a, float_part b) { return (float_part)_mm256_max_ps((__m256)a, (__m256)b); }
#else
static inline float_part fma(float_part a, float_part b, float_part c) {
    for (int i = 0; i < WIDTH; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
}
static inline float_part min(float_part a, float_part b) { return a < b ? a : b; }
static inline float_part max(float_part a, float_part b) { return a > b ? a : b; }
#endif
static inline vf fma(vf a, vf b, vf c) {
    EACH_PART c.part[i] = fma(a.part[i], b.part[i], c.part[i]);
    return c;
}
static inline vf min(vf a, vf b) {
    EACH_PART a.part[i] = min(a.part[i], b.part[i]);
    return a;
}
static inline vf max(vf a, vf b) {
    EACH_PART a.part[i] = max(a.part[i], b.part[i]);
    return a;
}

// Halving order: lanes i and i + 8, then i + 4, i + 2, i + 1.
template <class Join>
static inline float fold(vf v, Join join) {
    float x[LANES];
    store(x, v);
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++) x[i] = join(x[i], x[i + width]);
    return x[0];
}
static inline float total(vf v) {
    return fold(v, [](float a, float b) { return a + b; });
}
static inline float smallest(vf v) {
    return fold(v, [](float a, float b) { return a < b ? a : b; });
}
static inline float largest(vf v) {
    return fold(v, [](float a, float b) { return a > b ? a : b; });
}

// 2^x for x <= 0, relative error 1e-7 (minimax polynomial on [-1/2, 1/2]); below -126 it stays at 2^-126.
static inline vf power_of_two(vf x) {
    x = max(x, broadcast(-126.0f));
    const vf magic = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
    vf shifted = x + magic, f = x - (shifted - magic);
    vf p = fma(broadcast(0.00132764654699713f), f, broadcast(0.009675541892647743f));
    p = fma(p, f, broadcast(0.05550713464617729f));
    p = fma(p, f, broadcast(0.24022120237350464f));
    p = fma(p, f, broadcast(0.6931469440460205f));
    p = fma(p, f, broadcast(1.0000001192092896f));
    EACH_PART p.part[i] = (float_part)((int_part)p.part[i] + ((int_part)shifted.part[i] << 23));
    return p;
}

// x * Phi(x), the exact form of the function; absolute error 5e-5 (minimax polynomial for Phi on [-4.5, 4.5]).
static inline vf gelu(vf x) {
    vf c = max(min(x, broadcast(4.5f)), broadcast(-4.5f));
    vf s = fma(c * c, broadcast(2.0f / 20.25f), broadcast(-1.0f));
    vf p = fma(broadcast(-0.0015656633768230677f), s, broadcast(0.004655313212424517f));
    p = fma(p, s, broadcast(-0.006682857871055603f));
    p = fma(p, s, broadcast(0.010140473954379559f));
    p = fma(p, s, broadcast(-0.018159212544560432f));
    p = fma(p, s, broadcast(0.02862395904958248f));
    p = fma(p, s, broadcast(-0.0402957908809185f));
    p = fma(p, s, broadcast(0.05467185378074646f));
    p = fma(p, s, broadcast(-0.07718337327241898f));
    p = fma(p, s, broadcast(0.15690529346466064f));
    return x * fma(c, p, broadcast(0.5f));
}

// dot(): 16 sums of GROUP products each, added to `sums`; a: GROUP codes (the same for all lanes), w: 16 x GROUP weights.
// ROWS, QUERIES: what is computed together in matrix products and in attention, so that the sums fill the registers.
#if defined(__AVX512VNNI__)
#define INSTRUCTIONS "avx512-vnni"
constexpr int GROUP = 4, ROWS = 12, QUERIES = 8;
typedef uint8_t code_t;
typedef int8_t weight_t;
static inline vi dot(vi sums, const code_t* a, const weight_t* w) {
    int32_t group;
    std::memcpy(&group, a, 4);
    __m512i found = _mm512_dpbusd_epi32((__m512i)sums.part[0], _mm512_set1_epi32(group), _mm512_loadu_si512(w));
    sums.part[0] = (int_part)found;
    return sums;
}
#elif defined(__AVX2__) && !defined(__AVX512F__)
constexpr int ROWS = 3, QUERIES = 3;
#if defined(__AVXVNNI__)
#define INSTRUCTIONS "avx-vnni"
constexpr int GROUP = 4;
typedef uint8_t code_t;
typedef int8_t weight_t;
static inline __m256i add_dots(__m256i sums, __m256i a, __m256i w) { return _mm256_dpbusd_avx_epi32(sums, a, w); }
#else
#define INSTRUCTIONS "avx2"
constexpr int GROUP = 2;  // 16-bit products: 8-bit ones saturate on these machines
typedef int16_t code_t;
typedef int16_t weight_t;
static inline __m256i add_dots(__m256i sums, __m256i a, __m256i w) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(a, w));
}
#endif
static inline vi dot(vi sums, const code_t* a, const weight_t* w) {
    int32_t group;
    std::memcpy(&group, a, 4);
    const __m256i all = _mm256_set1_epi32(group);
    EACH_PART {
        const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w) + i);
        sums.part[i] = (int_part)add_dots((__m256i)sums.part[i], all, weights);
    }
    return sums;
}
#else
#define INSTRUCTIONS "generic"
constexpr int GROUP = 2, ROWS = 3, QUERIES = 3;
typedef int16_t code_t;
typedef int16_t weight_t;
static inline vi dot(vi sums, const code_t* a, const weight_t* w) {
    EACH_PART for (int j = 0; j < WIDTH; j++) {
        const weight_t* lane = w + 2 * (i * WIDTH + j);
        sums.part[i][j] += int32_t(a[0]) * lane[0] + int32_t(a[1]) * lane[1];
    }
    return sums;
}
#endif

static inline void store_codes(code_t* q, vf v) {
    typedef code_t codes __attribute__((vector_size(WIDTH * sizeof(code_t))));
    EACH_PART {
        codes narrow = __builtin_convertvector(__builtin_convertvector(v.part[i], int_part), codes);
        std::memcpy(q + i * WIDTH, &narrow, sizeof narrow);
    }
}
