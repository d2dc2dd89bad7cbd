// A BERT encoder over packed windows: 8-bit weights and activations, 32-bit integer sums, float in between.
//
// What it promises: the states of a window are a function of that window's token ids alone, to the bit. Neighbours,
// the number of threads and the instruction set do not enter, because
// - every token row has its own scale and minimum, and integer sums are exact in any order;
// - every float sum runs over 16 lanes in an order that is written down here (vectors are 16 lanes wide whatever the
//   machine's registers are), with fused multiply-adds where they are named and nowhere else (-ffp-contract=off);
// - attention looks at one window, whose length alone decides the shapes.
// There is no padding: windows lie end to end, and a thread takes a run of them through all layers.
//
// Numbers of a row x: x[k] ~ scale * q[k] + least, q in 0..255. Weights of an output n: w[n][k] ~ scale[n] * q[n][k], q in
// -127..127. So x.w[n] ~ scale[n] * (scale * sum(q.q[n]) + least * sum(q[n])).

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "lanes.h"
#include "pooling.h"

namespace {

constexpr int PANEL = 2 * LANES;  // outputs computed together
constexpr int BLOCK = ROWS * (48 / ROWS);  // rows taken through the feed-forward part together: it stays in the cache
constexpr int SLACK = 64;  // rows behind a run that tiles may read and write

template <class T>
struct Buffer {  // zeroed, 64-byte aligned
    std::unique_ptr<T, void (*)(T*)> data{nullptr, [](T* p) { ::operator delete[](p, std::align_val_t(64)); }};
    explicit Buffer(size_t n) {
        data.reset(static_cast<T*>(::operator new[](n * sizeof(T), std::align_val_t(64))));
        std::memset(data.get(), 0, n * sizeof(T));
    }
    T* at(size_t i) { return data.get() + i; }
};

struct Linear {
    int inputs = 0, outputs = 0;
    std::vector<weight_t> packed;               // [outputs / PANEL][inputs / GROUP][PANEL][GROUP]
    std::vector<float> scale, scaled_sum, bias;  // [outputs]

    void load(const float* weights, const float* biases, int n, int k) {
        inputs = k, outputs = n;
        packed.resize(size_t(n) * k + 64);
        scale.resize(n), scaled_sum.resize(n), bias.assign(biases, biases + n);
        for (int row = 0; row < n; row++) {
            const float* w = weights + size_t(row) * k;
            float most = 1e-12f;
            for (int i = 0; i < k; i++) most = std::max(most, std::fabs(w[i]));
            scale[row] = most / 127.0f;
            int64_t sum = 0;
            weight_t* panel = packed.data() + size_t(row / PANEL) * PANEL * k + size_t(row % PANEL) * GROUP;
            for (int i = 0; i < k; i++) {
                int q = int(std::nearbyint(w[i] / scale[row]));
                panel[size_t(i / GROUP) * PANEL * GROUP + i % GROUP] = weight_t(q);
                sum += q;
            }
            scaled_sum[row] = scale[row] * float(sum);
        }
    }
};

struct Norm {
    std::vector<float> gain, shift;
};

struct Layer {
    Linear qkv, context, inner, outer;
    Norm after_attention, after_feed;
};

struct Encoder {
    int hidden, heads, inner, vocabulary, positions;
    float epsilon;
    const float *words, *places;  // [vocabulary][hidden], [positions][hidden]; owned by the caller
    Norm embedding;
    std::vector<Layer> layers;
};

// ---- rows -----------------------------------------------------------------------------------------------------------

struct Row {
    float scale, least;
};

void quantise(const float* x, int n, code_t* q, Row& row) {
    vf low = load(x), high = low;
    for (int i = LANES; i < n; i += LANES) {
        vf v = load(x + i);
        low = min(low, v), high = max(high, v);
    }
    float least = smallest(low), range = largest(high) - least;
    row = {range / 255.0f, least};
    vf per = broadcast(range > 0 ? 255.0f / range : 0.0f), from = broadcast(least), half = broadcast(0.5f);
    for (int i = 0; i < n; i += LANES) store_codes(q + i, fma(load(x + i) - from, per, half));
}

void normalise(float* x, int n, const Norm& norm, float epsilon) {
    vf sum = load(x);
    for (int i = LANES; i < n; i += LANES) sum = sum + load(x + i);
    vf mean = broadcast(total(sum) / float(n)), squares = broadcast(0);
    for (int i = 0; i < n; i += LANES) {
        vf d = load(x + i) - mean;
        squares = fma(d, d, squares);
    }
    vf per = broadcast(1.0f / std::sqrt(total(squares) / float(n) + epsilon));
    for (int i = 0; i < n; i += LANES)
        store(x + i, fma((load(x + i) - mean) * per, load(&norm.gain[i]), load(&norm.shift[i])));
}

// ---- matrices -------------------------------------------------------------------------------------------------------

// `rows` (a multiple of ROWS) rows of codes through a linear layer; finish(row, column, values) takes 16 outputs.
template <class Finish>
__attribute__((noinline)) void multiply(const code_t* codes, const Row* row, int rows, const Linear& linear, Finish finish) {
    const int k = linear.inputs;
    for (int column = 0; column < linear.outputs; column += PANEL) {
        const weight_t* panel = linear.packed.data() + size_t(column) * k;
        vf scale[2], sum[2], bias[2];
        for (int j = 0; j < 2; j++) {
            scale[j] = load(&linear.scale[column + j * LANES]);
            sum[j] = load(&linear.scaled_sum[column + j * LANES]);
            bias[j] = load(&linear.bias[column + j * LANES]);
        }
        for (int r = 0; r < rows; r += ROWS) {
            vi dots[ROWS][2] = {};
            const code_t* a = codes + size_t(r) * k;
            const weight_t* w = panel;
            for (int i = 0; i < k; i += GROUP, w += PANEL * GROUP) {
                UNROLL for (int m = 0; m < ROWS; m++) {
                    dots[m][0] = dot(dots[m][0], a + size_t(m) * k + i, w);
                    dots[m][1] = dot(dots[m][1], a + size_t(m) * k + i, w + LANES * GROUP);
                }
            }
            UNROLL for (int m = 0; m < ROWS; m++) UNROLL for (int j = 0; j < 2; j++) {
                vf least = fma(broadcast(row[r + m].least), sum[j], bias[j]);
                vf y = fma(to_float(dots[m][j]) * broadcast(row[r + m].scale), scale[j], least);
                finish(r + m, column + j * LANES, y);
            }
        }
    }
}

// ---- attention ------------------------------------------------------------------------------------------------------

struct AttentionSpace {
    Buffer<float> keys, values, scores;
    AttentionSpace(int longest, int depth)
        : keys(size_t(depth) * longest), values(size_t(longest) * depth), scores(size_t(QUERIES) * longest) {}
};

// softmax(Q.K) V of one head over one window of `length` tokens; qkv: [rows][3 * hidden], queries already in units of
// log2(e) / sqrt(depth). Writes [rows][hidden].
template <int DEPTH>
__attribute__((noinline)) void attend(const float* qkv, float* out, int length, int hidden, AttentionSpace& space) {
    const int stride = 3 * hidden, padded = (length + PANEL - 1) / PANEL * PANEL;
    float *keys = space.keys.at(0), *values = space.values.at(0), *scores = space.scores.at(0);
    for (int t = 0; t < padded; t++)
        for (int d = 0; d < DEPTH; d++) keys[d * padded + t] = t < length ? qkv[size_t(t) * stride + hidden + d] : 0;
    for (int t = 0; t < length; t++)
        for (int d = 0; d < DEPTH; d += LANES)
            store(values + t * DEPTH + d, load(qkv + size_t(t) * stride + 2 * hidden + d));
    for (int first = 0; first < length; first += QUERIES) {
        const float* queries = qkv + size_t(first) * stride;
        for (int t = 0; t < padded; t += PANEL) {
            vf dots[QUERIES][2] = {};
            for (int d = 0; d < DEPTH; d++) {
                vf low = load(keys + d * padded + t), high = load(keys + d * padded + t + LANES);
                UNROLL for (int m = 0; m < QUERIES; m++) {
                    vf q = broadcast(queries[size_t(m) * stride + d]);
                    dots[m][0] = fma(q, low, dots[m][0]), dots[m][1] = fma(q, high, dots[m][1]);
                }
            }
            UNROLL for (int m = 0; m < QUERIES; m++) {
                store(scores + m * padded + t, dots[m][0]), store(scores + m * padded + t + LANES, dots[m][1]);
            }
        }
        float per[QUERIES];
        for (int m = 0; m < QUERIES; m++) {
            float* s = scores + m * padded;
            for (int t = length; t < padded; t++) s[t] = -1e30f;
            vf high = load(s), sum = broadcast(0);
            for (int t = LANES; t < padded; t += LANES) high = max(high, load(s + t));
            high = broadcast(largest(high));
            for (int t = 0; t < padded; t += LANES) {
                vf p = power_of_two(load(s + t) - high);
                sum = sum + p;
                store(s + t, p);
            }
            per[m] = 1.0f / total(sum);
        }
        vf mixed[QUERIES][DEPTH / LANES] = {};
        for (int t = 0; t < length; t++) {
            vf v[DEPTH / LANES];
            UNROLL for (int j = 0; j < DEPTH / LANES; j++) v[j] = load(values + t * DEPTH + j * LANES);
            UNROLL for (int m = 0; m < QUERIES; m++) {
                vf p = broadcast(scores[m * padded + t]);
                UNROLL for (int j = 0; j < DEPTH / LANES; j++) mixed[m][j] = fma(p, v[j], mixed[m][j]);
            }
        }
        for (int m = 0; m < std::min(QUERIES, length - first); m++)
            for (int j = 0; j < DEPTH / LANES; j++)
                store(out + size_t(first + m) * hidden + j * LANES, mixed[m][j] * broadcast(per[m]));
    }
}

void attend_all(const Encoder& e, const float* qkv, float* out, int length, AttentionSpace& space) {
    const int depth = e.hidden / e.heads;
    for (int head = 0; head < e.heads; head++) {
        const float* from = qkv + head * depth;
        float* to = out + head * depth;
        if (depth == 16) attend<16>(from, to, length, e.hidden, space);
        if (depth == 32) attend<32>(from, to, length, e.hidden, space);
        if (depth == 64) attend<64>(from, to, length, e.hidden, space);
    }
}

// ---- the encoder ----------------------------------------------------------------------------------------------------

struct Space {  // of one thread, for `rows` token rows
    Buffer<float> qkv, context, inner;
    Buffer<code_t> codes, block_codes, inner_codes;
    std::vector<Row> row, block_row, inner_row;
    AttentionSpace attention;
    Space(const Encoder& e, int rows, int longest)
        : qkv(size_t(rows + SLACK) * 3 * e.hidden), context(size_t(rows + SLACK) * e.hidden),
          inner(size_t(BLOCK) * e.inner), codes(size_t(rows + SLACK) * e.hidden),
          block_codes(size_t(BLOCK) * e.hidden), inner_codes(size_t(BLOCK) * e.inner), row(rows + SLACK),
          block_row(BLOCK), inner_row(BLOCK), attention(longest + PANEL, e.hidden / e.heads) {}
};

void embed(const Encoder& e, const int32_t* ids, int length, float* x) {
    for (int t = 0; t < length; t++) {
        const float *word = e.words + size_t(ids[t]) * e.hidden, *place = e.places + size_t(t) * e.hidden;
        for (int i = 0; i < e.hidden; i += LANES) store(x + size_t(t) * e.hidden + i, load(word + i) + load(place + i));
        normalise(x + size_t(t) * e.hidden, e.hidden, e.embedding, e.epsilon);
    }
}

// What follows attention, for `rows` <= BLOCK rows: output projection, residual, feed-forward. x: [BLOCK][hidden].
void finish_layer(const Encoder& e, const Layer& layer, float* x, const float* context, int rows, Space& s, size_t at) {
    const int tiles = (rows + ROWS - 1) / ROWS * ROWS, h = e.hidden;
    code_t* codes = s.block_codes.at(0);
    auto add = [&](int r, int column, vf y) {
        if (r < rows) store(x + size_t(r) * h + column, load(x + size_t(r) * h + column) + y);
    };
    for (int r = 0; r < rows; r++) quantise(context + size_t(r) * h, h, codes + size_t(r) * h, s.block_row[r]);
    multiply(codes, s.block_row.data(), tiles, layer.context, add);
    for (int r = 0; r < rows; r++) {
        normalise(x + size_t(r) * h, h, layer.after_attention, e.epsilon);
        quantise(x + size_t(r) * h, h, codes + size_t(r) * h, s.block_row[r]);
    }
    multiply(codes, s.block_row.data(), tiles, layer.inner,
             [&](int r, int column, vf y) { store(s.inner.at(size_t(r) * e.inner + column), gelu(y)); });
    for (int r = 0; r < rows; r++)
        quantise(s.inner.at(size_t(r) * e.inner), e.inner, s.inner_codes.at(size_t(r) * e.inner), s.inner_row[r]);
    multiply(s.inner_codes.at(0), s.inner_row.data(), tiles, layer.outer, add);
    for (int r = 0; r < rows; r++) {
        normalise(x + size_t(r) * h, h, layer.after_feed, e.epsilon);
        quantise(x + size_t(r) * h, h, s.codes.at((at + r) * h), s.row[at + r]);
    }
}

// Windows first..last-1 through all layers; x: their states, [tokens][hidden], within `out` of the caller.
void run(const Encoder& e, const int32_t* ids, const int64_t* starts, int64_t first, int64_t last, float* x, Space& s) {
    const int64_t base = starts[first];
    const int rows = int(starts[last] - base), h = e.hidden;
    for (int64_t w = first; w < last; w++)
        embed(e, ids + starts[w], int(starts[w + 1] - starts[w]), x + size_t(starts[w] - base) * h);
    for (int r = 0; r < rows; r++) quantise(x + size_t(r) * h, h, s.codes.at(size_t(r) * h), s.row[r]);
    for (const Layer& layer : e.layers) {
        for (int r = 0; r < rows; r += BLOCK) {
            const int tiles = (std::min(BLOCK, rows - r) + ROWS - 1) / ROWS * ROWS;
            float* qkv = s.qkv.at(size_t(r) * 3 * h);
            multiply(s.codes.at(size_t(r) * h), &s.row[r], tiles, layer.qkv,
                     [&](int m, int column, vf y) { store(qkv + size_t(m) * 3 * h + column, y); });
        }
        for (int64_t w = first; w < last; w++) {
            const size_t at = size_t(starts[w] - base);
            attend_all(e, s.qkv.at(at * 3 * h), s.context.at(at * h), int(starts[w + 1] - starts[w]), s.attention);
        }
        for (int r = 0; r < rows; r += BLOCK)
            finish_layer(e, layer, x + size_t(r) * h, s.context.at(size_t(r) * h), std::min(BLOCK, rows - r), s, r);
    }
}

}  // namespace

// ---- what Python calls: plain C, no exceptions --------------------------------------------------------------------

extern "C" {

const char* bw_instructions() { return INSTRUCTIONS; }

// 0 where the sizes are ones that the kernel can do, else 1.
int bw_supports(int hidden, int heads, int inner) {
    const int depth = heads > 0 && hidden % heads == 0 ? hidden / heads : 0;
    return hidden % PANEL || inner % PANEL || (depth != 16 && depth != 32 && depth != 64);
}

void* bw_new(int hidden, int heads, int inner, int layers, float epsilon, int vocabulary, int positions,
             const float* words, const float* places, const float* gain, const float* shift) {
    try {
        auto* e = new Encoder{hidden, heads, inner, vocabulary, positions, epsilon, words, places, {}, {}};
        e->embedding = {{gain, gain + hidden}, {shift, shift + hidden}};
        e->layers.resize(layers);
        return e;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void bw_delete(void* encoder) { delete static_cast<Encoder*>(encoder); }

// part: 0 queries, keys, values · 1 attention output · 2 feed-forward in · 3 feed-forward out. weights: [outputs][inputs].
int bw_linear(void* encoder, int layer, int part, const float* weights, const float* bias) {
    auto& e = *static_cast<Encoder*>(encoder);
    Layer& l = e.layers[layer];
    try {
        if (part == 0) l.qkv.load(weights, bias, 3 * e.hidden, e.hidden);
        if (part == 1) l.context.load(weights, bias, e.hidden, e.hidden);
        if (part == 2) l.inner.load(weights, bias, e.inner, e.hidden);
        if (part == 3) l.outer.load(weights, bias, e.hidden, e.inner);
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

int bw_norm(void* encoder, int layer, int part, const float* gain, const float* shift) {
    auto& e = *static_cast<Encoder*>(encoder);
    try {
        (part ? e.layers[layer].after_feed : e.layers[layer].after_attention) = {
            {gain, gain + e.hidden}, {shift, shift + e.hidden}};
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

// ids: [N] packed tokens, starts: [windows + 1], out: [N][hidden]. `run_tokens`: tokens that a thread takes at a time.
// Returns 0; 1 out of memory; 2 an id or a window outside the model's tables.
int bw_states(void* encoder, const int32_t* ids, const int64_t* starts, int64_t windows, int threads, int run_tokens,
              float* out) {
    const auto& e = *static_cast<Encoder*>(encoder);
    int longest = 1, most = 1;
    std::vector<int64_t> cuts{0};
    try {
        for (int64_t w = 0; w < windows; w++) {
            const int64_t length = starts[w + 1] - starts[w];
            if (length < 1 || length > e.positions) return 2;
            longest = std::max(longest, int(length));
            if (starts[w + 1] - starts[cuts.back()] > run_tokens && w > cuts.back()) cuts.push_back(w);
            most = std::max(most, int(starts[w + 1] - starts[cuts.back()]));
        }
        for (int64_t i = 0; i < (windows ? starts[windows] : 0); i++)
            if (ids[i] < 0 || ids[i] >= e.vocabulary) return 2;
        if (windows) cuts.push_back(windows);
        std::atomic<size_t> next{0};
        std::atomic<int> failed{0};
        auto work = [&] {
            try {
                Space space(e, most, longest);
                for (size_t i; (i = next++) + 1 < cuts.size();)
                    run(e, ids, starts, cuts[i], cuts[i + 1], out + size_t(starts[cuts[i]]) * e.hidden, space);
            } catch (const std::bad_alloc&) {
                failed = 1;
            }
        };
        std::vector<std::thread> others;
        const int wanted = std::min<int>(threads, int(cuts.size()) - 1);
        try {
            for (int i = 1; i < wanted; i++) others.emplace_back(work);
        } catch (const std::exception&) {
            // no more threads to be had: those that run do the work
        }
        work();
        for (auto& thread : others) thread.join();
        return failed;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

}  // extern "C"
