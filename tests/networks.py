"""Small networks of every form, to be counted, drawn and looked at."""

from coursecnn.backend import keras

layers = keras.layers


def unet(side: int = 32, filters: tuple[int, ...] = (4, 8)) -> keras.Model:
    """An encoder and a decoder, joined at every size."""
    x = image = keras.Input((side, side, 3), name="image")
    passed = []
    for number in filters:
        x = layers.Conv2D(number, 3, padding="same", activation="relu")(x)
        passed.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(2 * filters[-1], 3, padding="same", activation="relu")(x)
    for number, skip in zip(reversed(filters), reversed(passed), strict=True):
        x = layers.Conv2DTranspose(number, 2, strides=2)(x)
        x = layers.Concatenate()([x, skip])
        x = layers.Conv2D(number, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x), name="unet")


def twins() -> keras.Model:
    """Two pictures seen by one model inside, a text beside them, and two outputs."""
    left, right = (keras.Input((16, 16, 3), name=name) for name in ("left", "right"))
    text = keras.Input((20,), name="text")
    parts = [layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Flatten(name="flat")]
    encoder = keras.Sequential(parts, name="encoder_of_both_pictures")
    words = layers.Embedding(100, 8, name="words")(text)
    words = layers.GlobalMaxPooling1D(name="most")(words)
    x = layers.Concatenate(name="all")([encoder(left), encoder(right), words])
    kind = layers.Dense(3, activation="softmax", name="kind")(x)
    price = layers.Dense(1, name="price")(x)
    return keras.Model([left, right, text], [kind, price], name="twins")


def nested() -> keras.Model:
    """A model inside a model inside a model."""
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")], name="a")
    middle = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.ReLU(name="relu")], name="b")
    image = keras.Input((8, 8, 3), name="image")
    return keras.Model(image, layers.Flatten(name="flat")(middle(image)), name="c")
