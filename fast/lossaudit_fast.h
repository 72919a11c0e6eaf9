/* Machine-learning losses, their activations and gradients: the C interface of losses.hpp and formats.hpp. C99, no dependency.
 *
 * What exactly is computed (options, denominators, special values) is written in reference/semantics.md. Tensors are dense, of the
 * one format that the call names; pointers need no more alignment than their values do. A row function sees its tensor as
 * (outer, classes, inner), the class axis in the middle. Gradients are with respect to x, p or output, in its shape, and multiplied by
 * `upstream`, the incoming gradient in the shape of the function's result; NULL stands for ones. Results may overwrite the first
 * tensor, and overlap nothing else. Functions may be called from any number of threads; none is started.
 *
 * Every function returns LOSSAUDIT_FAST_OK, or another status, which lossaudit_fast_message() explains in one line; then nothing has
 * been written. Link the static library with a C++ compiler (lossaudit::fast in CMake does). */
#ifndef LOSSAUDIT_FAST_H
#define LOSSAUDIT_FAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Status. */
enum {
  LOSSAUDIT_FAST_OK = 0,
  LOSSAUDIT_FAST_BAD_ARGUMENT = 1,  /* an option that the loss does not take, a missing tensor, an unknown constant */
  LOSSAUDIT_FAST_UNSUPPORTED = 2,   /* the function is not there in that format */
  LOSSAUDIT_FAST_OUT_OF_MEMORY = 3, /* scratch of at most the tensors' size in float32 */
  LOSSAUDIT_FAST_FAILED = 4         /* anything else */
};

/* Formats: how the values of every tensor of a call are stored. */
enum {
  LOSSAUDIT_FAST_F64 = 0,
  LOSSAUDIT_FAST_F32 = 1,
  LOSSAUDIT_FAST_F16 = 2, /* IEEE binary16 */
  LOSSAUDIT_FAST_BF16 = 3 /* the upper half of a float32 */
};

/* Dialects and reductions. */
enum { LOSSAUDIT_FAST_EXACT = 0, LOSSAUDIT_FAST_KERAS1 = 1 };
enum { LOSSAUDIT_FAST_NONE = 0, LOSSAUDIT_FAST_SUM = 1, LOSSAUDIT_FAST_MEAN = 2 };

typedef struct lossaudit_fast_rows {
  size_t outer, classes, inner;
} lossaudit_fast_rows;

/* Options of the losses. Begin with LOSSAUDIT_FAST_DEFAULTS; fields may be appended in later versions, so `size` is the caller's
 * sizeof. */
typedef struct lossaudit_fast_options {
  size_t size;
  int32_t dialect;            /* keras1: binary, categorical and sparse only */
  int32_t reduction;          /* none: one value a loss */
  int32_t from_logits;        /* 0 or 1; binary, categorical and sparse: the output is a logit */
  int32_t has_epsilon;        /* 0 or 1 */
  int32_t has_divisor;        /* 0 or 1 */
  int32_t has_ignore_index;   /* 0 or 1 */
  double epsilon;             /* of keras1's clip, instead of 1e-7; in [0, 0.5) */
  double divisor;             /* of a mean that this call is a part of: what the whole divides by */
  int64_t ignore_index;       /* sparse: rows with this label count nowhere */
  double label_smoothing;     /* binary, categorical and sparse; in [0, 1] */
  double pos_weight;          /* binary */
  const void *class_weights;  /* (classes), or NULL: categorical, sparse and cross_entropy_error */
  const void *sample_weights; /* one for each loss before reduction, or NULL */
} lossaudit_fast_options;

#define LOSSAUDIT_FAST_DEFAULTS \
  { sizeof(lossaudit_fast_options), 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0, 0.0, 1.0, NULL, NULL }

/* Why this thread's last call that failed did; "" before. It stands until the next one that fails. */
const char *lossaudit_fast_message(void);
const char *lossaudit_fast_version(void);

/* All functions and gradients are there in F32, F16 and BF16; sigmoid, softmax, log_softmax and the cross-entropies in F64, too,
 * without gradients. */

/* Elementwise: n values in, n values out. */
int lossaudit_fast_relu(int format, const void *x, void *result, size_t n);
int lossaudit_fast_sigmoid(int format, const void *x, void *result, size_t n);
int lossaudit_fast_log_sigmoid(int format, const void *x, void *result, size_t n);
int lossaudit_fast_softplus(int format, const void *x, void *result, size_t n);
int lossaudit_fast_logit(int format, const void *p, void *result, size_t n);
int lossaudit_fast_relu_gradient(int format, const void *x, const void *upstream, void *gradient, size_t n);
int lossaudit_fast_sigmoid_gradient(int format, const void *x, const void *upstream, void *gradient, size_t n);
int lossaudit_fast_log_sigmoid_gradient(int format, const void *x, const void *upstream, void *gradient, size_t n);
int lossaudit_fast_softplus_gradient(int format, const void *x, const void *upstream, void *gradient, size_t n);
int lossaudit_fast_logit_gradient(int format, const void *p, const void *upstream, void *gradient, size_t n);

/* Row by row: softmax and log_softmax in the shape of x, logsumexp one value a row, laid out (outer, inner). */
int lossaudit_fast_softmax(int format, const void *x, void *result, lossaudit_fast_rows rows);
int lossaudit_fast_log_softmax(int format, const void *x, void *result, lossaudit_fast_rows rows);
int lossaudit_fast_logsumexp(int format, const void *x, void *result, lossaudit_fast_rows rows);
int lossaudit_fast_softmax_gradient(int format, const void *x, const void *upstream, void *gradient,
                                    lossaudit_fast_rows rows);
int lossaudit_fast_log_softmax_gradient(int format, const void *x, const void *upstream, void *gradient,
                                        lossaudit_fast_rows rows);
int lossaudit_fast_logsumexp_gradient(int format, const void *x, const void *upstream, void *gradient,
                                      lossaudit_fast_rows rows);

/* Losses: `result` holds one value for each loss, or a single one when they are reduced. Labels are (outer, inner). Options may be
 * NULL: the defaults. */
int lossaudit_fast_binary_crossentropy(int format, const void *target, const void *output, void *result, size_t n,
                                       const lossaudit_fast_options *options);
int lossaudit_fast_categorical_crossentropy(int format, const void *target, const void *output, void *result,
                                            lossaudit_fast_rows rows, const lossaudit_fast_options *options);
int lossaudit_fast_sparse_categorical_crossentropy(int format, const int64_t *labels, const void *output, void *result,
                                                   lossaudit_fast_rows rows, const lossaudit_fast_options *options);
int lossaudit_fast_mean_squared_error(int format, const void *target, const void *output, void *result,
                                      lossaudit_fast_rows rows, const lossaudit_fast_options *options);
int lossaudit_fast_cross_entropy_error(int format, const void *target, const void *p, void *result,
                                       lossaudit_fast_rows rows, const lossaudit_fast_options *options);

/* Gradients of the losses. Where `loss` is not NULL it receives what the loss itself gives, in the same pass. */
int lossaudit_fast_binary_crossentropy_gradient(int format, const void *target, const void *output,
                                                const void *upstream, void *gradient, size_t n,
                                                const lossaudit_fast_options *options, void *loss);
int lossaudit_fast_categorical_crossentropy_gradient(int format, const void *target, const void *output,
                                                     const void *upstream, void *gradient, lossaudit_fast_rows rows,
                                                     const lossaudit_fast_options *options, void *loss);
int lossaudit_fast_sparse_categorical_crossentropy_gradient(int format, const int64_t *labels, const void *output,
                                                            const void *upstream, void *gradient,
                                                            lossaudit_fast_rows rows,
                                                            const lossaudit_fast_options *options, void *loss);
int lossaudit_fast_mean_squared_error_gradient(int format, const void *target, const void *output, const void *upstream,
                                               void *gradient, lossaudit_fast_rows rows,
                                               const lossaudit_fast_options *options, void *loss);
int lossaudit_fast_cross_entropy_error_gradient(int format, const void *target, const void *p, const void *upstream,
                                                void *gradient, lossaudit_fast_rows rows,
                                                const lossaudit_fast_options *options, void *loss);

#ifdef __cplusplus
}
#endif
#endif
