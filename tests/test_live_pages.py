"""The live pages: their mathematics in a JavaScript engine, and the pages in a browser."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from skmax.export import from_json

LIVE = Path(__file__).resolve().parent.parent / "docs" / "extra" / "live"


def model_of(file, name):
    """The value that a script of the pages defines."""
    text = (LIVE / file).read_text()
    assert text.startswith(f"const {name} = ")
    return json.loads(text.removeprefix(f"const {name} = ").rstrip().rstrip(";"))


@pytest.fixture(scope="module")
def engine():
    quickjs = pytest.importorskip("quickjs")
    context = quickjs.Context()
    for file in ("network.js", "colours_model.js", "spiral_models.js"):
        context.eval((LIVE / file).read_text())
    return context


def evaluate(engine, expression):
    return np.array(json.loads(engine.eval(f"JSON.stringify({expression})")))


def test_colours_in_the_engine(engine):
    model = from_json(json.dumps(model_of("colours_model.js", "COLOURS")))
    colours = np.random.default_rng(0).integers(0, 256, size=(50, 3)) / 255
    for colour in colours:
        p = evaluate(engine, f"probabilities(COLOURS, {colour.tolist()})")
        np.testing.assert_allclose(p, model.predict_proba([colour])[0], atol=1e-12)
        z = evaluate(engine, f"logits(COLOURS, {colour.tolist()})")
        np.testing.assert_allclose(z, model.decision_function([colour])[0], atol=1e-10)


def test_the_temperature_keeps_the_order_and_evens_out(engine):
    p = [evaluate(engine, f"softmax([5, 2, -1, 3], {t})") for t in (0.5, 1, 2)]
    np.testing.assert_allclose(p[1], [0.842, 0.042, 0.002, 0.114], atol=5e-4)
    for one in p:
        assert one.sum() == pytest.approx(1)
        np.testing.assert_array_equal(np.argsort(one), np.argsort(p[1]))
    assert p[0].max() > p[1].max() > p[2].max()
    np.testing.assert_allclose(evaluate(engine, "softmax([1000, 999])"), [0.731, 0.269], atol=1e-3)


@pytest.mark.parametrize("epoch", [1, 10, 100])
def test_the_spiral_in_the_engine(engine, epoch):
    document = model_of("spiral_models.js", "SPIRAL")
    model = from_json(json.dumps(document["models"][str(epoch)]))
    X, y = np.array(document["points"]), np.array(document["labels"])
    p = evaluate(engine, f"SPIRAL.points.map((x) => probabilities(SPIRAL.models[{epoch}], x))")
    np.testing.assert_allclose(p, model.predict_proba(X), atol=1e-12)
    right = (model.predict(X) == y).mean()
    assert right > 0.95 if epoch == 100 else right < 0.95


@pytest.mark.parametrize(
    "activation", ["identity", "logistic", "tanh", "relu", "leaky_relu", "silu"]
)
def test_activations_and_two_classes_in_the_engine(engine, activation):
    layers = [
        {"activation": activation, "weights": [[0.5, -2.0], [1.0, 0.3]], "bias": [0.1, -0.2]},
        {"activation": "logistic", "weights": [[1.5], [-0.7]], "bias": [0.2]},
    ]
    document = {
        "format": "skmax", "version": 1, "estimator": "MLPClassifier", "dtype": "float64",
        "labels": "integer", "classes": [0, 1], "feature_names": None, "layers": layers,
    }  # fmt: skip
    text = json.dumps(document)
    p = evaluate(engine, f"probabilities({text}, [0.7, -1.1])")
    np.testing.assert_allclose(p, from_json(text).predict_proba([[0.7, -1.1]])[0], atol=1e-12)


def test_the_colours_are_learnt():
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location(
        "make", LIVE.parent.parent / "make_live_models.py"
    )
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    X, y = make.colours()
    assert len(y) == 486
    document = model_of("colours_model.js", "COLOURS")
    assert set(document["classes"]) == set(make.WORDS)
    assert from_json(json.dumps(document)).score(X, y) > 0.8


# ---- In a browser, where there is one


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    paths = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    driver, path = shutil.which("chromedriver"), next(filter(None, paths), None)
    if driver is None or path is None:
        pytest.skip("there is no Chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = path
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=driver)
    with webdriver.Chrome(options=options, service=service) as running:
        yield running


def move(browser, slider, value):
    """Move a slider as a hand would: the value, and the event."""
    browser.execute_script(
        "const it = document.getElementById(arguments[0]); it.value = arguments[1];"
        "it.dispatchEvent(new Event('input', {bubbles: true}));",
        slider,
        value,
    )


def shown(browser):
    script = (
        "return [...document.querySelectorAll('#classes [data-value]')].map(e => +e.dataset.value)"
    )
    return np.array(browser.execute_script(script))


def test_sliders_move_the_bars(browser):
    model = from_json(json.dumps(model_of("colours_model.js", "COLOURS")))
    browser.get((LIVE / "colours.html").as_uri())
    for colour in ([255, 0, 0], [12, 200, 90], [128, 128, 128]):
        for channel, value in zip(("red", "green", "blue"), colour, strict=True):
            move(browser, channel, value)
        x = np.array([colour]) / 255
        np.testing.assert_allclose(shown(browser), model.predict_proba(x)[0], atol=1e-6)
        answer = browser.find_element("id", "answer").text
        assert f"calls this {model.predict(x)[0]}," in answer
    before = shown(browser)
    move(browser, "temperature", 1)
    assert shown(browser).max() < before.max()
    slider = browser.find_element("id", "temperature")
    assert slider.get_attribute("aria-valuetext") == "10.00"


def test_the_colour_input_moves_the_sliders(browser):
    browser.get((LIVE / "colours.html").as_uri())
    move(browser, "picker", "#ff8000")
    values = [
        browser.find_element("id", name).get_property("value") for name in ("red", "green", "blue")
    ]
    assert values == ["255", "128", "0"]


def test_the_keyboard_moves_a_slider(browser):
    browser.get((LIVE / "colours.html").as_uri())
    red = browser.find_element("id", "red")
    before = int(red.get_property("value"))
    red.send_keys("\ue014")  # the right arrow
    assert int(red.get_property("value")) == before + 1
    assert browser.find_element("id", "red-value").text == str(before + 1)
    for control in browser.find_elements("css selector", "input"):
        assert browser.execute_script("return arguments[0].labels.length", control) == 1


def test_the_spiral_is_redrawn(browser):
    browser.get((LIVE / "spiral.html").as_uri())
    picture = "return document.getElementById('regions').toDataURL()"
    first = browser.execute_script(picture)
    assert "After 1 epoch " in browser.find_element("id", "result").text
    browser.find_element("id", "epoch-100").click()
    assert "After 100 epochs" in browser.find_element("id", "result").text
    assert browser.execute_script(picture) != first
