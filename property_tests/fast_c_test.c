/* The C interface, used from C99: every function, and what becomes of bad calls. Prints what is wrong and returns how much is. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fast/lossaudit_fast.h"

static int failures = 0;

static void check(int holds, const char *what, int line) {
  if (holds) return;
  ++failures;
  printf("line %d: %s (message: %s)\n", line, what, lossaudit_fast_message());
}
#define CHECK(condition) check((condition), #condition, __LINE__)
#define CHECK_OK(call) check((call) == LOSSAUDIT_FAST_OK, #call, __LINE__)

/* In double, whatever they are given. */
static double e_to(double x) { return exp(x); }
static double ln(double x) { return log(x); }
static int near(double a, double b) { return fabs(a - b) <= 1e-6 * (1 + fabs(b)); }

static void check_activations(void) {
  const float x[3] = {-1.5f, 0.25f, 3.0f};
  const float p[3] = {0.25f, 0.5f, 0.75f};
  float y[3];
  int i;
  CHECK_OK(lossaudit_fast_relu(LOSSAUDIT_FAST_F32, x, y, 3));
  for (i = 0; i < 3; ++i) CHECK(y[i] == (x[i] > 0 ? x[i] : 0));
  CHECK_OK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_F32, x, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], 1 / (1 + e_to(-x[i]))));
  CHECK_OK(lossaudit_fast_log_sigmoid(LOSSAUDIT_FAST_F32, x, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], -ln(1 + e_to(-x[i]))));
  CHECK_OK(lossaudit_fast_softplus(LOSSAUDIT_FAST_F32, x, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], ln(1 + e_to(x[i]))));
  CHECK_OK(lossaudit_fast_logit(LOSSAUDIT_FAST_F32, p, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], ln(p[i] / (1 - p[i]))));
}

static void check_activation_gradients(void) {
  const float x[3] = {-1.5f, 0.25f, 3.0f};
  const float p[3] = {0.25f, 0.5f, 0.75f};
  const float g[3] = {1, -2, 4};
  float y[3];
  int i;
  CHECK_OK(lossaudit_fast_relu_gradient(LOSSAUDIT_FAST_F32, x, g, y, 3));
  for (i = 0; i < 3; ++i) CHECK(y[i] == (x[i] > 0 ? g[i] : 0));
  CHECK_OK(lossaudit_fast_sigmoid_gradient(LOSSAUDIT_FAST_F32, x, g, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], g[i] / (1 + e_to(-x[i])) / (1 + e_to(x[i]))));
  CHECK_OK(lossaudit_fast_log_sigmoid_gradient(LOSSAUDIT_FAST_F32, x, g, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], g[i] / (1 + e_to(x[i]))));
  CHECK_OK(lossaudit_fast_softplus_gradient(LOSSAUDIT_FAST_F32, x, NULL, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], 1 / (1 + e_to(-x[i]))));
  CHECK_OK(lossaudit_fast_logit_gradient(LOSSAUDIT_FAST_F32, p, g, y, 3));
  for (i = 0; i < 3; ++i) CHECK(near(y[i], g[i] / p[i] / (1 - p[i])));
}

static void check_doubles(void) {
  const double x[4] = {1, -2, 0.5, 3};
  const double t[4] = {1, 0, 0, 1};
  const int64_t labels[2] = {0, 1};
  const lossaudit_fast_rows rows = {2, 2, 1};
  lossaudit_fast_options options = LOSSAUDIT_FAST_DEFAULTS;
  double y[4], z[2];
  int i;
  options.from_logits = 1;
  CHECK_OK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_F64, x, y, 4));
  for (i = 0; i < 4; ++i) CHECK(fabs(y[i] - 1 / (1 + e_to(-x[i]))) < 1e-15);
  CHECK_OK(lossaudit_fast_softmax(LOSSAUDIT_FAST_F64, x, y, rows));
  CHECK(fabs(y[0] - 1 / (1 + e_to(-3))) < 1e-15 && fabs(y[2] - 1 / (1 + e_to(2.5))) < 1e-15);
  CHECK_OK(lossaudit_fast_log_softmax(LOSSAUDIT_FAST_F64, x, y, rows));
  CHECK(fabs(y[0] + ln(1 + e_to(-3))) < 1e-15 && fabs(y[3] + ln(1 + e_to(-2.5))) < 1e-15);
  CHECK_OK(lossaudit_fast_categorical_crossentropy(LOSSAUDIT_FAST_F64, t, x, z, rows, &options));
  CHECK(fabs(z[0] + y[0]) < 1e-15 && fabs(z[1] + y[3]) < 1e-15);
  CHECK_OK(lossaudit_fast_sparse_categorical_crossentropy(LOSSAUDIT_FAST_F64, labels, x, z, rows, &options));
  CHECK(fabs(z[0] + y[0]) < 1e-15 && fabs(z[1] + y[3]) < 1e-15);
}

static void check_rows(void) {
  const float x[6] = {1, 2, 3, 0, -1, 4};
  const float g[6] = {1, 0, 0, 0, 0, 1};
  const lossaudit_fast_rows rows = {2, 3, 1};
  float y[6], s[6], lse[2];
  int r, i;
  CHECK_OK(lossaudit_fast_logsumexp(LOSSAUDIT_FAST_F32, x, lse, rows));
  CHECK_OK(lossaudit_fast_softmax(LOSSAUDIT_FAST_F32, x, s, rows));
  CHECK_OK(lossaudit_fast_log_softmax(LOSSAUDIT_FAST_F32, x, y, rows));
  for (r = 0; r < 2; ++r) {
    double sum = 0;
    for (i = 0; i < 3; ++i) sum += e_to(x[3 * r + i]);
    CHECK(near(lse[r], ln(sum)));
    for (i = 0; i < 3; ++i) CHECK(near(s[3 * r + i], e_to(x[3 * r + i]) / sum));
    for (i = 0; i < 3; ++i) CHECK(near(y[3 * r + i], x[3 * r + i] - ln(sum)));
  }
  CHECK_OK(lossaudit_fast_softmax_gradient(LOSSAUDIT_FAST_F32, x, g, y, rows));
  CHECK(near(y[0], s[0] * (1 - s[0])) && near(y[1], -s[1] * s[0]) && near(y[5], s[5] * (1 - s[5])));
  CHECK_OK(lossaudit_fast_log_softmax_gradient(LOSSAUDIT_FAST_F32, x, g, y, rows));
  CHECK(near(y[0], 1 - s[0]) && near(y[1], -s[1]) && near(y[5], 1 - s[5]));
  CHECK_OK(lossaudit_fast_logsumexp_gradient(LOSSAUDIT_FAST_F32, x, NULL, y, rows));
  for (i = 0; i < 6; ++i) CHECK(near(y[i], s[i]));
}

static void check_losses(void) {
  const float t[4] = {1, 0, 0, 1};
  const float x[4] = {2, -1, 0.5f, 3};
  const float p[4] = {0.75f, 0.25f, 0.5f, 0.5f};
  const float weights[2] = {2, 0.5f};
  const int64_t labels[2] = {0, -100};
  const lossaudit_fast_rows rows = {2, 2, 1};
  lossaudit_fast_options options = LOSSAUDIT_FAST_DEFAULTS;
  float loss[4], gradient[4], upstream = 2, mean;
  int i;
  CHECK_OK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, t, p, loss, 4, NULL));
  for (i = 0; i < 4; ++i) CHECK(near(loss[i], -ln(t[i] != 0 ? p[i] : 1 - p[i])));
  options.from_logits = 1;
  options.reduction = LOSSAUDIT_FAST_MEAN;
  CHECK_OK(
      lossaudit_fast_binary_crossentropy_gradient(LOSSAUDIT_FAST_F32, t, x, &upstream, gradient, 4, &options, &mean));
  for (i = 0; i < 4; ++i) CHECK(near(gradient[i], 2 * (1 / (1 + e_to(-x[i])) - t[i]) / 4));
  CHECK_OK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, t, x, loss, 4, &options));
  CHECK(loss[0] == mean);
  options.has_divisor = 1;
  options.divisor = 8;
  CHECK_OK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, t, x, loss, 4, &options));
  CHECK(near(2 * loss[0], mean));
  options.has_divisor = 0;
  options.reduction = LOSSAUDIT_FAST_NONE;
  options.class_weights = weights;
  CHECK_OK(
      lossaudit_fast_categorical_crossentropy_gradient(LOSSAUDIT_FAST_F32, t, x, NULL, gradient, rows, &options, loss));
  CHECK(near(loss[0], 2 * ln(1 + e_to(-3))) && near(loss[1], 0.5 * ln(1 + e_to(-2.5))));
  CHECK(near(gradient[0], -2 / (1 + e_to(3))) && near(gradient[1], 2 / (1 + e_to(3))));
  CHECK_OK(lossaudit_fast_categorical_crossentropy(LOSSAUDIT_FAST_F32, t, x, loss, rows, &options));
  CHECK(near(loss[1], 0.5 * ln(1 + e_to(-2.5))));
  options.class_weights = NULL;
  options.has_ignore_index = 1;
  options.ignore_index = -100;
  CHECK_OK(lossaudit_fast_sparse_categorical_crossentropy(LOSSAUDIT_FAST_F32, labels, x, loss, rows, &options));
  CHECK(near(loss[0], ln(1 + e_to(-3))) && loss[1] == 0);
  CHECK_OK(lossaudit_fast_sparse_categorical_crossentropy_gradient(LOSSAUDIT_FAST_F32, labels, x, NULL, gradient, rows,
                                                                   &options, NULL));
  CHECK(near(gradient[1], 1 / (1 + e_to(3))) && gradient[2] == 0 && gradient[3] == 0);
  CHECK_OK(lossaudit_fast_mean_squared_error(LOSSAUDIT_FAST_F32, t, x, loss, rows, NULL));
  CHECK(near(loss[0], 1) && near(loss[1], (0.25 + 4) / 2));
  CHECK_OK(lossaudit_fast_mean_squared_error_gradient(LOSSAUDIT_FAST_F32, t, x, NULL, gradient, rows, NULL, loss));
  CHECK(near(gradient[0], 1) && near(gradient[3], 2) && near(loss[0], 1));
  CHECK_OK(lossaudit_fast_cross_entropy_error(LOSSAUDIT_FAST_F32, t, p, loss, rows, NULL));
  CHECK(near(loss[0], -ln(0.75)) && near(loss[1], -ln(0.5)));
  CHECK_OK(lossaudit_fast_cross_entropy_error_gradient(LOSSAUDIT_FAST_F32, t, p, NULL, gradient, rows, NULL, NULL));
  CHECK(near(gradient[0], -1 / 0.75) && gradient[1] == 0 && near(gradient[3], -2));
}

static void check_formats(void) {
  /* 0, 1 and -2 in binary16 and bfloat16. */
  const uint16_t half[3] = {0x0000, 0x3c00, 0xc000};
  const uint16_t brain[3] = {0x0000, 0x3f80, 0xc000};
  uint16_t y[3];
  lossaudit_fast_options options = LOSSAUDIT_FAST_DEFAULTS;
  options.from_logits = 1;
  CHECK_OK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_F16, half, y, 3));
  CHECK(y[0] == 0x3800 && y[1] == 0x39d9 && y[2] == 0x2fa1); /* 0.5, 0.7310..., 0.1192... */
  CHECK_OK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_BF16, brain, y, 3));
  CHECK(y[0] == 0x3f00 && y[1] == 0x3f3b && y[2] == 0x3df4);
  CHECK_OK(lossaudit_fast_relu(LOSSAUDIT_FAST_F16, half, y, 3));
  CHECK(y[0] == 0 && y[1] == 0x3c00 && y[2] == 0);
  CHECK_OK(lossaudit_fast_logit_gradient(LOSSAUDIT_FAST_BF16, brain, NULL, y, 1));
  CHECK(y[0] == 0x7f80); /* 1 / (p (1 - p)) at 0 */
  CHECK_OK(lossaudit_fast_binary_crossentropy_gradient(LOSSAUDIT_FAST_F16, half, half, NULL, y, 1, &options, NULL));
  CHECK(y[0] == 0x3800);
}

static void check_bad_calls(void) {
  const float x[2] = {1, 2};
  float y[2] = {7, 7};
  const lossaudit_fast_rows no_classes = {1, 0, 1};
  const lossaudit_fast_rows row = {1, 2, 1};
  lossaudit_fast_options options = LOSSAUDIT_FAST_DEFAULTS;
  CHECK(lossaudit_fast_sigmoid(9, x, y, 2) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  CHECK(strstr(lossaudit_fast_message(), "no format 9") != NULL);
  CHECK(lossaudit_fast_logit(LOSSAUDIT_FAST_F64, x, y, 2) == LOSSAUDIT_FAST_UNSUPPORTED);
  CHECK(strcmp(lossaudit_fast_message(), "logit is not there in f64: use f32") == 0);
  CHECK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_F32, NULL, y, 2) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  CHECK(strcmp(lossaudit_fast_message(), "sigmoid needs all its tensors: one of them is NULL") == 0);
  CHECK_OK(lossaudit_fast_sigmoid(LOSSAUDIT_FAST_F32, NULL, NULL, 0));
  CHECK(lossaudit_fast_softmax(LOSSAUDIT_FAST_F32, x, y, no_classes) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  options.label_smoothing = 2;
  CHECK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, x, x, y, 2, &options) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  CHECK(strcmp(lossaudit_fast_message(), "binary_crossentropy takes a label_smoothing from 0 to 1") == 0);
  options.label_smoothing = 0;
  options.from_logits = 2;
  CHECK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, x, x, y, 2, &options) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  options.from_logits = 0;
  options.reduction = 3;
  CHECK(lossaudit_fast_mean_squared_error(LOSSAUDIT_FAST_F32, x, x, y, row, &options) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  options.reduction = LOSSAUDIT_FAST_SUM;
  CHECK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, NULL, NULL, NULL, 0, &options) ==
        LOSSAUDIT_FAST_BAD_ARGUMENT);
  options.reduction = 0;
  options.dialect = 5;
  CHECK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, x, x, y, 2, &options) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  options.dialect = 0;
  options.size = 0;
  CHECK(lossaudit_fast_binary_crossentropy(LOSSAUDIT_FAST_F32, x, x, y, 2, &options) == LOSSAUDIT_FAST_BAD_ARGUMENT);
  CHECK(y[0] == 7 && y[1] == 7);
}

int main(void) {
  CHECK(strlen(lossaudit_fast_version()) > 0);
  CHECK(strcmp(lossaudit_fast_message(), "") == 0);
  check_activations();
  check_activation_gradients();
  check_doubles();
  check_rows();
  check_losses();
  check_formats();
  check_bad_calls();
  return failures == 0 ? 0 : 1;
}
