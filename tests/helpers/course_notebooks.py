"""Notebooks in the manner of the course's editions, with graded functions as students write them.

A notebook is a list of cells. The project's own words: only names and signatures are the course's.
"""

from __future__ import annotations

V4_LOAD = """
X, Y, n_values, indices_values, chords = load_music_utils('data/original_metheny.mid')
print('number of training examples:', X.shape[0])
print('Tx (length of sequence):', X.shape[1])
print('total # of unique values:', n_values)
print('shape of X:', X.shape)
print('Shape of Y:', Y.shape)
print('Number of chords', len(chords))
"""

V4_LAYERS = """
n_values = 90
reshaper = Reshape((1, n_values))
LSTM_cell = LSTM(n_a, return_state=True)
densor = Dense(n_values, activation='softmax')
"""

SLICED = """
def djmodel(Tx, LSTM_cell, densor, reshaper):
    n_values = densor.units
    n_a = LSTM_cell.units
    X = Input(shape=(Tx, n_values))
    a0 = Input(shape=(n_a,), name='a0')
    c0 = Input(shape=(n_a,), name='c0')
    a, c = a0, c0
    outputs = []
    for t in range(Tx):
        x = X[:, t, :]
        x = reshaper(x)
        a, _, c = LSTM_cell(x, initial_state=[a, c])
        out = densor(a)
        outputs.append(out)
    return Model(inputs=[X, a0, c0], outputs=outputs)
"""

WITH_LAMBDA = """
def djmodel(Tx, LSTM_cell, densor, reshaper):
    n_values, n_a = densor.units, LSTM_cell.units
    X = Input(shape=(Tx, n_values))
    a0, c0 = Input(shape=(n_a,), name='a0'), Input(shape=(n_a,), name='c0')
    a, c, outputs = a0, c0, list()
    for t in range(Tx):
        x = Lambda(lambda z: z[:, t, :])(X)
        a, _, c = LSTM_cell(inputs=reshaper(x), initial_state=(a, c))
        outputs += [densor(a)]
    return Model([X, a0, c0], outputs)
"""

V4_TRAIN = """
output = summary(model)
comparator(output, djmodel_out)
---
model.summary()
---
opt = Adam(lr=0.01, beta_1=0.9, beta_2=0.999, decay=0.01)
model.compile(optimizer=opt, loss='categorical_crossentropy', metrics=['accuracy'])
---
m = 60
a0 = np.zeros((m, n_a))
c0 = np.zeros((m, n_a))
---
history = model.fit([X, a0, c0], list(Y), epochs=EPOCHS, verbose=0)
---
print(f"loss at epoch 1: {history.history['loss'][0]}")
print(f"loss at the last epoch: {history.history['loss'][EPOCHS - 1]}")
plt.plot(history.history['loss'])
"""

V4_INFERENCE = """
def music_inference_model(LSTM_cell, densor, Ty=100):
    n_values, n_a = densor.units, LSTM_cell.units
    x0 = Input(shape=(1, n_values))
    a0, c0 = Input(shape=(n_a,), name='a0'), Input(shape=(n_a,), name='c0')
    a, c, x = a0, c0, x0
    outputs = []
    for t in range(Ty):
        a, _, c = LSTM_cell(x, initial_state=[a, c])
        out = densor(a)
        outputs.append(out)
        x = ARGMAX
        x = ONE_HOT
        x = RepeatVector(1)(x)
    return Model(inputs=[x0, a0, c0], outputs=outputs)
"""

V4_PREDICT = """
x_initializer = np.zeros((1, 1, n_values))
a_initializer = np.zeros((1, n_a))
c_initializer = np.zeros((1, n_a))
---
def predict_and_sample(inference_model, x_initializer=x_initializer,
                       a_initializer=a_initializer, c_initializer=c_initializer):
    n_values = x_initializer.shape[2]
    pred = inference_model.predict([x_initializer, a_initializer, c_initializer])
    indices = np.argmax(np.array(pred), axis=-1)
    results = to_categorical(indices, num_classes=n_values)
    return results, indices
---
results, indices = predict_and_sample(inference_model, x_initializer, a_initializer, c_initializer)
print('np.argmax(results[12]) =', np.argmax(results[12]))
print('np.argmax(results[17]) =', np.argmax(results[17]))
print('list(indices[12:18]) =', list(indices[12:18]))
---
out_stream = generate_music(inference_model, indices_values, chords)
---
mid2wav('output/my_music.midi')
IPython.display.Audio('./output/rendered.wav')
"""


def current_edition(student: str, argmax: str, one_hot: str, epochs: int) -> list[str]:
    """The cells of the current edition; `student` is the student's `djmodel`, `argmax` and
    `one_hot` are expressions of `out` and `x` as they write them."""
    inference = V4_INFERENCE.replace("ARGMAX", argmax).replace("ONE_HOT", one_hot)
    text = "\n---\n".join([
        "from djmodel.course import *",
        "IPython.display.Audio('./data/30s_seq.wav')",
        V4_LOAD,
        "n_a = 64",
        V4_LAYERS,
        student,
        "model = djmodel(Tx=30, LSTM_cell=LSTM_cell, densor=densor, reshaper=reshaper)",
        V4_TRAIN.replace("EPOCHS", str(epochs)),
        inference,
        "inference_model = music_inference_model(LSTM_cell, densor, Ty=50)",
        "comparator(summary(inference_model), music_inference_model_out)",
        "inference_model.summary()",
        V4_PREDICT,
    ])  # fmt: skip
    return text.split("\n---\n")


V3 = """
from __future__ import print_function
from djmodel.course_v3 import *
---
X, Y, n_values, indices_values = load_music_utils()
print('shape of X:', X.shape)
---
n_a = 64
reshapor = Reshape((1, WIDTH))
LSTM_cell = LSTM(n_a, return_state=True)
densor = Dense(DENSE, activation='softmax')
---
def djmodel(Tx, n_a, n_values):
    X = Input(shape=(Tx, n_values))
    a0 = Input(shape=(n_a,), name='a0')
    c0 = Input(shape=(n_a,), name='c0')
    a = a0
    c = c0
    outputs = []
    for t in range(Tx):
        x = Lambda(lambda x: X[:, t, :])(X)
        x = reshapor(x)
        a, _, c = LSTM_cell(initial_state=[a, c], inputs=x)
        out = densor(a)
        outputs.append(out)
    model = Model(inputs=[X, a0, c0], outputs=outputs)
    return model
---
model = djmodel(Tx=30, n_a=64, n_values=WIDTH)
---
opt = Adam(lr=0.01, beta_1=0.9, beta_2=0.999, decay=0.01)
model.compile(optimizer=opt, loss='categorical_crossentropy', metrics=['accuracy'])
---
m = 60
a0 = np.zeros((m, n_a))
c0 = np.zeros((m, n_a))
history = model.fit([X, a0, c0], list(Y), epochs=EPOCHS)
---
def music_inference_model(LSTM_cell, densor, n_values=WIDTH, n_a=64, Ty=100):
    x0 = Input(shape=(1, n_values))
    a0 = Input(shape=(n_a,), name='a0')
    c0 = Input(shape=(n_a,), name='c0')
    a, c, x = a0, c0, x0
    outputs = []
    for t in range(Ty):
        a, _, c = LSTM_cell(x, initial_state=[a, c])
        out = densor(a)
        outputs.append(out)
        x = Lambda(one_hot)(out)
    return Model(inputs=[x0, a0, c0], outputs=outputs)
---
inference_model = music_inference_model(LSTM_cell, densor, n_values=WIDTH, n_a=64, Ty=STEPS)
---
x_initializer = np.zeros((1, 1, WIDTH))
a_initializer = np.zeros((1, n_a))
c_initializer = np.zeros((1, n_a))
---
def predict_and_sample(inference_model, x_initializer=x_initializer,
                       a_initializer=a_initializer, c_initializer=c_initializer):
    pred = inference_model.predict([x_initializer, a_initializer, c_initializer])
    indices = np.argmax(pred, axis=2)
    results = to_categorical(num_classes=WIDTH, y=indices)
    return results, indices
---
results, indices = predict_and_sample(inference_model, x_initializer, a_initializer, c_initializer)
print("results[12] =", results[12])
print("list(indices[12:18]) =", list(indices[12:18]))
---
out_stream = generate_music(inference_model)
---
IPython.display.Audio('./data/30s_trained_model.mp3')
"""


def older_edition(width: int, epochs: int, steps: int) -> list[str]:
    """The cells of the older editions, with the `width` that they write by hand; `steps` are those
    of a prediction."""
    dense = "n_values" if width == 78 else str(width)
    text = V3.replace("WIDTH", str(width)).replace("DENSE", dense).replace("EPOCHS", str(epochs))
    text = text.replace("STEPS", str(steps))
    return text.split("\n---\n")


def run(cells: list[str]) -> dict[str, object]:
    """Runs the cells one after the other, as a notebook does, and gives its variables."""
    variables: dict[str, object] = {}
    for cell in cells:
        exec(compile(cell, "<cell>", "exec"), variables)
    return variables
