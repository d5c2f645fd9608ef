"""A recurrent network that invents names, by hand in NumPy: dinos/model.py in a hundred lines.

Names, signatures and shapes are those of the dinosaur assignment of the *Sequence Models* course,
which goes back to Karpathy's minimal character RNN. Vectors are columns: with n_a units and n_x
characters, x is (n_x, 1), the state a is (n_a, 1), Wax (n_a, n_x), Waa (n_a, n_a), Wya (n_x, n_a),
b (n_a, 1), by (n_x, 1). A name is a list of indices; as an input, None is the zero vector.
"""

import numpy as np


def softmax(z):
    """The distribution, column by column, of which `z` are the logits up to a constant."""
    e = np.exp(z - z.max(axis=0))  # the largest becomes exp(0): nothing overflows
    return e / e.sum(axis=0)


def one_hot(index, n_x):
    """The one-hot column of a character; the zero vector for None."""
    x = np.zeros((n_x, 1))
    if index is not None:
        x[index] = 1
    return x


def initialize_parameters(n_a, n_x, n_y, seed=1):
    """Small random weights and zero biases, by the names above; `n_y` is `n_x` for names."""
    rng = np.random.default_rng(seed)
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a)}
    parameters = {name: 0.01 * rng.standard_normal(shape) for name, shape in shapes.items()}
    return parameters | {"b": np.zeros((n_a, 1)), "by": np.zeros((n_y, 1))}


def rnn_step_forward(parameters, a_prev, x):
    """One time step: the next state, and the distribution of the next character."""
    a = np.tanh(parameters["Wax"] @ x + parameters["Waa"] @ a_prev + parameters["b"])
    return a, softmax(parameters["Wya"] @ a + parameters["by"])


def rnn_forward(X, Y, a_prev, parameters, vocab_size=None):
    """The cross-entropy of the labels Y given the inputs X, both lists of indices, in nats, summed
    over the steps; and what `rnn_backward` needs, a cache `(y_hat, a, x)` by step."""
    n_x = vocab_size or parameters["Wax"].shape[1]
    x, a, y_hat, loss = {}, {-1: a_prev}, {}, 0.0
    for t in range(len(X)):
        x[t] = one_hot(X[t], n_x)
        a[t], y_hat[t] = rnn_step_forward(parameters, a[t - 1], x[t])
        loss -= np.log(y_hat[t][Y[t], 0])
    return loss, (y_hat, a, x)


def rnn_backward(X, Y, parameters, cache):
    """Back-propagation through time: the gradient of the loss for every parameter, by names such
    as dWax and in its shape; and the states `a` by step."""
    y_hat, a, x = cache
    gradients = {"d" + name: np.zeros_like(value) for name, value in parameters.items()}
    da_next = np.zeros_like(a[-1])  # from the following steps; none after the last
    for t in reversed(range(len(X))):
        dy = y_hat[t] - one_hot(Y[t], len(y_hat[t]))  # softmax and cross-entropy together
        gradients["dWya"] += dy @ a[t].T
        gradients["dby"] += dy
        da = parameters["Wya"].T @ dy + da_next
        dz = (1 - a[t] ** 2) * da  # through the tanh
        gradients["db"] += dz
        gradients["dWax"] += dz @ x[t].T
        gradients["dWaa"] += dz @ a[t - 1].T
        da_next = parameters["Waa"].T @ dz
    return gradients, a


def clip(gradients, maxValue):
    """Clips every number to [-maxValue, maxValue], in place, against exploding gradients; gives the
    gradients."""
    for gradient in gradients.values():
        np.clip(gradient, -maxValue, maxValue, out=gradient)
    return gradients


def update_parameters(parameters, gradients, lr):
    """One step of gradient descent, in place, with the learning rate `lr`; gives the parameters."""
    for name in parameters:
        parameters[name] -= lr * gradients["d" + name]
    return parameters


def sample(parameters, char_to_ix, seed):
    """Samples a name character by character until a newline or the 50th; gives indices, the last of
    which is the newline's. `seed` is a number or a NumPy generator."""
    rng = np.random.default_rng(seed)
    newline, n_x = char_to_ix["\n"], len(char_to_ix)
    a, index, indices = np.zeros((parameters["Waa"].shape[0], 1)), None, []
    while index != newline and len(indices) < 50:
        a, y = rnn_step_forward(parameters, a, one_hot(index, n_x))
        index = int(rng.choice(n_x, p=y.ravel()))  # what is drawn is the next input
        indices.append(index)
    return indices if index == newline else [*indices, newline]


def optimize(X, Y, a_prev, parameters, learning_rate=0.01):
    """One step of training on one name, in place: gives the loss (nats), the gradients clipped to
    [-5, 5], and the last state."""
    loss, cache = rnn_forward(X, Y, a_prev, parameters)
    gradients, a = rnn_backward(X, Y, parameters, cache)
    gradients = clip(gradients, 5)
    update_parameters(parameters, gradients, learning_rate)
    return loss, gradients, a[len(X) - 1]


def model(
    data,
    ix_to_char,
    char_to_ix,
    num_iterations=35000,
    n_a=50,
    dino_names=7,
    vocab_size=27,
    verbose=True,
    seed=0,
):
    """Trains on `data`, a list of names, one name per iteration. Every 2,000 iterations it samples
    `dino_names` names and prints them with the smoothed loss. Gives the parameters and the last
    name that was sampled."""
    examples = [name.strip().lower() for name in data if name.strip()]
    np.random.default_rng(seed).shuffle(examples)
    parameters = initialize_parameters(n_a, vocab_size, vocab_size)
    smoothed = np.log(vocab_size) * dino_names  # the loss of a guess, as the course starts
    last_name = ""
    for j in range(num_iterations):
        name = [char_to_ix[character] for character in examples[j % len(examples)]]
        X, Y = [None, *name], [*name, char_to_ix["\n"]]
        # Each name starts from the state from which sampling starts.
        loss, _, _ = optimize(X, Y, np.zeros((n_a, 1)), parameters)
        smoothed = 0.999 * smoothed + 0.001 * loss
        if j % 2000 == 0:
            sampled = [sample(parameters, char_to_ix, n) for n in range(dino_names)]
            names = ["".join(ix_to_char[i] for i in indices).capitalize() for indices in sampled]
            last_name = names[-1] if names else last_name  # with its newline, as in the course
            if verbose:
                print(f"Iteration: {j}, Loss: {smoothed:f}\n")
                print("".join(names))
    return parameters, last_name


def main():
    from dinos.names import dinosaurs

    data = dinosaurs().read_text(encoding="utf-8")
    characters = sorted(set(data))  # '\n' sorts before the letters
    char_to_ix = {character: index for index, character in enumerate(characters)}
    ix_to_char = dict(enumerate(characters))
    model(data.splitlines(), ix_to_char, char_to_ix, vocab_size=len(characters))


if __name__ == "__main__":
    main()
