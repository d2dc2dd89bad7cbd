// Sums of a window's states for the heads, in double: what OpinionModel.pool_states computes, window by window, each sum
// in token order, so that it does not depend on what else is pooled.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace pooling {

inline double dot(const float* x, const double* w, int n) {
    double s[8] = {};
    for (int i = 0; i < n; i += 8)
        for (int j = 0; j < 8; j++) s[j] += double(x[i + j]) * w[i + j];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

inline double dot(const double* x, const double* w, int n) {
    double s[8] = {};
    for (int i = 0; i < n; i += 8)
        for (int j = 0; j < 8; j++) s[j] += x[i + j] * w[i + j];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

inline void add(double* sum, const float* x, double weight, int n) {
    for (int i = 0; i < n; i++) sum[i] += weight * double(x[i]);
}

inline double attention(double score, double bound) { return std::exp(bound * std::tanh(score / bound)); }

// each(i) for i in 0..count-1, on up to `threads` threads.
template <class Each>
void spread(int64_t count, int threads, Each each) {
    std::atomic<int64_t> next{0};
    auto work = [&] {
        for (int64_t i; (i = next++) < count;) each(i);
    };
    std::vector<std::thread> others;
    try {
        for (int64_t i = 1; i < std::min<int64_t>(threads, count); i++) others.emplace_back(work);
    } catch (const std::system_error&) {
        // no more threads to be had: those that run do the work
    }
    work();
    for (auto& thread : others) thread.join();
}

}  // namespace pooling

extern "C" {

// Of each window: sums [3][hidden] of its states, plain and weighted by two attentions (scores [2][hidden], bias [2]),
// and the two sums of weights. sums and weights come zeroed.
void bw_pool(const float* states, int hidden, const int64_t* starts, int64_t windows, const double* scores,
             const double* bias, double bound, int threads, double* sums, double* weights) {
    pooling::spread(windows, threads, [&](int64_t w) {
        double* sum = sums + w * 3 * hidden;
        for (int64_t t = starts[w]; t < starts[w + 1]; t++) {
            const float* x = states + t * hidden;
            pooling::add(sum, x, 1.0, hidden);
            for (int part = 0; part < 2; part++) {
                double score = pooling::dot(x, scores + part * hidden, hidden) + bias[part];
                double weight = pooling::attention(score, bound);
                weights[w * 2 + part] += weight;
                pooling::add(sum + (part + 1) * hidden, x, weight, hidden);
            }
        }
    });
}

// Of each mention row: sums [2][hidden] of the states of its tokens (positions in `window`, tokens[at[r]..at[r + 1]))
// and of the window's states weighted by attention from the mention (query [hidden][hidden], bias [hidden]), and the sum
// of those weights. sums and weights come zeroed.
void bw_mentions(const float* states, int hidden, const int64_t* starts, int64_t rows, const int64_t* window,
                 const int64_t* at, const int64_t* tokens, const double* query, const double* bias, double bound,
                 int threads, double* sums, double* weights) {
    pooling::spread(rows, threads, [&](int64_t r) {
        double *mention = sums + r * 2 * hidden, *context = mention + hidden;
        const float* first = states + starts[window[r]] * hidden;
        const int64_t length = starts[window[r] + 1] - starts[window[r]], count = at[r + 1] - at[r];
        if (count < 1) return;
        for (int64_t i = at[r]; i < at[r + 1]; i++) pooling::add(mention, first + tokens[i] * hidden, 1.0, hidden);
        std::vector<double> mean(hidden), asked(hidden);
        for (int i = 0; i < hidden; i++) mean[i] = mention[i] / double(count);
        for (int i = 0; i < hidden; i++)
            asked[i] = (pooling::dot(mean.data(), query + size_t(i) * hidden, hidden) + bias[i]);
        for (int64_t t = 0; t < length; t++) {
            const float* x = first + t * hidden;
            double score = pooling::dot(x, asked.data(), hidden) / std::sqrt(double(hidden));
            double weight = pooling::attention(score, bound);
            weights[r] += weight;
            pooling::add(context, x, weight, hidden);
        }
    });
}

}  // extern "C"
