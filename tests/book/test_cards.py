"""Explorers, predictions and quizzes, in a browser without network or kernel."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from landscape_lib.report import PAGE, load_quiz

from ._toy import CHAPTER
from .conftest import ToyBook

FRAMES = 400_000  # bytes of an explorer
PICTURE = "img:not(.on-paper, .stacked img)"


@pytest.fixture
def page(page: Page, built: ToyBook) -> Page:
    """A chapter with every kind of card, open."""
    page.goto((built.html / CHAPTER).as_uri())
    return page


def cards(page: Page, kind: str) -> list[Locator]:
    cards = page.locator(f"[data-card={kind}]").all()
    assert cards, f"no {kind}"
    return cards


def facts(card: Locator) -> dict:
    return json.loads(card.locator("script[type='application/json']").text_content() or "")


def test_each_setting_of_an_explorer_shows_its_frame(page: Page):
    for explorer in cards(page, "explorer"):
        frames = facts(explorer)
        assert len(json.dumps(frames)) <= FRAMES
        controls = explorer.locator("[data-setting]").all()
        sizes = [len(json.loads(control.get_attribute("data-setting") or "")) for control in controls]
        assert len(frames) == sizes[0] * (sizes[1] if len(sizes) > 1 else 1)
        for place, frame in frames.items():
            for control, index in zip(controls, place.split(), strict=True):
                if control.get_attribute("type") == "range":
                    control.fill(index)
                else:
                    control.select_option(index)
            picture = explorer.locator(PICTURE)
            assert (picture.get_attribute("src"), picture.get_attribute("alt")) == (frame["src"], frame["alt"])
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            assert explorer.locator("[role=status]").text_content() == frame["alt"], "a screen reader hears the change"


def test_print_shows_each_explorers_picture_of_its_caption(page: Page):
    explorers = page.locator(".explorer")
    first = [explorer.locator(PICTURE).get_attribute("src") for explorer in explorers.all()]
    for explorer in explorers.all():  # the reader plays, and prints then
        control = explorer.locator("[data-setting]").first
        control.press("End") if control.get_attribute("type") == "range" else control.select_option(index=1)
    assert [each.locator("img").first.get_attribute("src") for each in explorers.all()] != first
    page.emulate_media(media="print")
    for explorer, src in zip(explorers.all(), first, strict=True):
        (shown,) = [image for image in explorer.locator("img").all() if image.is_visible()]
        assert shown.get_attribute("src") == src and shown.evaluate(
            "image => image.complete && image.naturalWidth > 99"
        )
    for part in page.locator("[data-card] :is(.controls, button, select, input[type=range])").all():
        assert not part.is_visible(), "paper has nothing to press"
    folded = page.locator("article details > :not(summary)").first
    assert folded.evaluate("part => part.getBoundingClientRect().height") > 0, "what is folded is printed"
    pictures = page.locator("article img").evaluate_all(
        "all => new Set(all.filter(i => i.offsetParent).map(i => i.src)).size"
    )
    assert page.pdf().count(b"/Subtype /Image") >= pictures > len(first)


def test_an_explorer_moves_by_mouse_and_by_keyboard(page: Page):
    for explorer in cards(page, "explorer"):
        picture = explorer.locator(PICTURE)
        for slider in explorer.locator("input[type=range]").all():
            before = picture.get_attribute("src")
            box = slider.bounding_box()
            assert box is not None
            slider.click(position={"x": box["width"] - 3, "y": box["height"] / 2})
            clicked = picture.get_attribute("src")
            assert clicked != before, "the mouse moves it"
            assert slider.get_attribute("aria-valuetext") == slider.locator("xpath=..//output").text_content()
            page.keyboard.press("ArrowLeft")
            assert picture.get_attribute("src") not in (clicked, ""), "the keyboard moves it"
        for menu in explorer.locator("select").all():
            before = picture.get_attribute("src")
            menu.focus()
            page.keyboard.press("ArrowDown")
            assert picture.get_attribute("src") != before


def test_a_choice_can_be_made_by_keyboard_alone_and_meets_the_measurement(page: Page):
    for form in cards(page, "choice"):
        name = form.get_attribute("data-name")
        measured = facts(page.locator(f"[data-card=answer][data-name='{name}']"))
        status = form.locator("[role=status]")
        form.locator("input").first.focus()
        page.keyboard.press("Enter")
        expect(status).to_have_text("Pick one first.")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        guess = form.locator("label").nth(1).locator("span").inner_text()
        expect(status).to_contain_text(f"You said: {guess}.")
        expect(status).to_contain_text(measured["words"])
        marked = form.locator("label.measured")
        assert marked.count() == (measured["option"] is not None)
        if measured["option"] is not None:
            assert form.locator("label").nth(measured["option"]).get_attribute("class") == "measured"
        expect(page.locator(f"[data-card=answer][data-name='{name}'] .yours")).to_have_text(f"You said: {guess}.")
        page.keyboard.press("Enter")  # the focus is on Start over
        expect(status).to_have_text("")
        assert form.locator("input:checked").count() == 0 and marked.count() == 0


def hidden(page: Page) -> list[str]:
    """The headings and answers that a prediction hides."""
    parts = page.locator("article :is(h2, [data-card=answer])").all()
    return [part.evaluate("part => part.dataset.name ?? part.firstChild.textContent") for part in parts if veiled(part)]


def veiled(part: Locator) -> bool:
    return bool(part.evaluate("part => Boolean(part.closest('[hidden=until-found]'))"))


def test_predictions_hide_what_follows_until_the_reader_commits(page: Page):
    answers = ["2 Answers", "few", "none", "curve"]
    assert hidden(page) == answers
    for form in [*cards(page, "choice"), *cards(page, "curve")]:
        assert form.is_visible() and not veiled(form), "a question is never hidden by another one"
        assert hidden(page) == answers, "all wait for the last commitment"
        if form.get_attribute("data-card") == "choice":
            form.locator("input").first.check()
        else:
            form.locator("[role=slider]").first.press("End")
        form.locator("button[type=submit]").click()
    assert hidden(page) == []
    page.reload()
    assert hidden(page) == [], "what was committed is remembered"
    for again in reversed(page.get_by_role("button", name="Start over").all()):
        again.click()
    assert hidden(page) == [], "nothing that was seen goes away"


def test_what_a_prediction_hides_is_shown_on_demand_by_a_link_and_in_print(page: Page):
    page.emulate_media(media="print")
    box = page.locator("[data-card=answer]").first.bounding_box()
    assert box and box["height"] > 10, "paper shows all"
    page.emulate_media(media="screen")
    heading = page.locator("article section h2", has_text="2 Answers")
    name = heading.evaluate("heading => heading.parentElement.id")
    page.evaluate("name => { location.hash = name }", name)
    expect(heading).to_be_in_viewport()
    assert hidden(page) == []
    page.evaluate("sessionStorage.clear()")
    page.goto(page.url.partition("#")[0])
    page.reload()
    for show in reversed(page.get_by_role("button", name="Show what follows").all()):
        show.focus()
        page.keyboard.press("Enter")
    assert hidden(page) == []


def test_without_script_nothing_is_hidden(browser: Browser, built: ToyBook):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built.html / CHAPTER).as_uri())
    assert page.locator("article h2", has_text="2 Answers").is_visible()
    context.close()


def test_a_curve_can_be_drawn_by_keyboard_and_by_pointer(page: Page):
    for form in cards(page, "curve"):
        axes, status = facts(form), form.locator("[role=status]")
        points = form.locator("[role=slider]").all()
        assert len(points) == len(axes["x"])
        form.locator("button[type=submit]").focus()
        page.keyboard.press("Enter")
        expect(status).to_contain_text("Draw first")
        points[0].focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Home")
        low, high = axes["y"]
        assert [float(point.get_attribute("aria-valuenow") or "nan") for point in points[:2]] == [high, low]
        plot = form.locator("svg")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.15, box["y"] + box["height"] * 0.8)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + box["height"] * 0.1)  # one stroke over all columns
        page.mouse.up()
        drawn = [float(point.get_attribute("aria-valuenow") or "nan") for point in points]
        assert drawn == sorted(drawn) and drawn[0] < drawn[-1], "a fast stroke skips no column"
        assert form.locator(".theirs rect").count() == 0, "nothing is shown before the reader commits"
        form.locator("button[type=submit]").focus()
        page.keyboard.press("Enter")
        name = form.get_attribute("data-name")
        measured = facts(page.locator(f"[data-card=answer][data-name='{name}']"))
        assert form.locator(".theirs rect").count() == len(measured["x"])
        expect(status).to_contain_text(measured["says"])
        expect(status).to_contain_text("furthest off")
        points[0].focus()
        page.keyboard.press("End")
        assert float(points[0].get_attribute("aria-valuenow") or "nan") == drawn[0], "a committed curve stays"


def test_a_prediction_survives_a_reload_and_stays_in_the_tab(page: Page):
    form = cards(page, "choice")[0]
    form.locator("input").last.check()
    form.locator("button[type=submit]").click()
    reply = form.locator("[role=status]").inner_text()
    page.reload()
    expect(form.locator("[role=status]")).to_have_text(reply)
    assert form.locator("input").last.is_checked()
    kept = page.evaluate("Object.keys(localStorage)")
    assert not [key for key in kept if "landscape" in key] and page.context.cookies() == []


def test_what_was_kept_of_another_question_breaks_no_card(page: Page):
    forms = cards(page, "choice") + cards(page, "curve")
    for form in forms:
        store = "about => sessionStorage.setItem(`landscape ${location.pathname} ${about}`, '[7]')"
        page.evaluate(store, form.get_attribute("data-about"))
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    page.reload()
    expect(page.locator("[data-card=explorer] .controls").first).to_be_visible()
    for form in forms:
        expect(form.locator("button[type=submit]")).to_be_enabled()
    assert not warnings


def test_a_quiz_can_be_done_by_keyboard_alone(page: Page, built: ToyBook):
    questions = load_quiz(built.root / "notebooks" / "01_toy.quiz.yml")
    for form in cards(page, "quiz"):
        question = questions[form.get_attribute("data-name") or ""]
        status = form.locator("[role=status]")
        form.locator("input").first.focus()
        page.keyboard.press("Enter")
        expect(status).to_contain_text("Pick an answer first." if "options" in question else "Type a number")
        if "options" in question:
            for i, option in enumerate(question["options"]):
                page.keyboard.press("Space" if i == 0 else "ArrowDown")
                page.keyboard.press("Enter")
                verdict = "Right." if option.get("right") else "Not so."
                expect(status).to_have_text(f"{verdict} {option['feedback']}")
        else:
            number = question["number"]
            tries = [(f"{number['value']}".replace(".", ","), f"Right. {number['feedback']}")]
            tries += [(f"{wrong['value']}", f"Not so. {wrong['feedback']}") for wrong in number.get("wrong", [])]
            tries += [("-12345.6", f"Not so. {number['otherwise']}"), ("two", "Type a number, such as 0.5 or 120.")]
            for typed, reply in tries:
                page.keyboard.press("Control+A")
                page.keyboard.type(typed)
                page.keyboard.press("Enter")
                expect(status).to_have_text(reply)


def test_without_script_nothing_essential_is_missing(browser: Browser, built: ToyBook):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((built.html / CHAPTER).as_uri())
    assert page.locator("[data-card=explorer] img").count() == page.locator("[data-card=explorer]").count() > 0
    for answer in page.locator("[data-card=answer]").all():
        assert answer.is_visible() and "Measured." in answer.inner_text()
    assert not page.locator("[data-card] button:visible, [data-card] .controls:visible").count(), "no dead buttons"
    assert not page.locator(":is(.predict, .quiz) input:visible").count() and page.locator(".predict input").count()
    for label in page.locator("label:has(input[type=radio])").all():
        assert label.is_visible() and label.evaluate("node => getComputedStyle(node).display") == "list-item"
    context.close()


def test_paper_lists_what_there_is_to_choose(page: Page):
    page.emulate_media(media="print")
    assert page.locator(".predict label:visible").count() and not page.locator("input[type=radio]:visible").count()


def test_the_same_card_asks_a_kernel_where_there_is_one(browser: Browser):
    """The widget's own script, with a kernel that is played: late answers do not cover newer ones, errors are said."""
    script = (PAGE / "cards.js").read_text() + (PAGE / "widget.js").read_text().replace(
        "export default", "window.widget ="
    )
    page = browser.new_page()
    page.set_content("<div id=here></div>")
    page.add_script_tag(content=script)
    page.evaluate(
        """() => {
            window.asked = [];
            const model = {
                get: () => `<div data-card="explorer" class="explorer"><div data-needs-script hidden><label>h
                    <input type="range" min="0" max="2" value="0" data-setting='["3", "4", "5"]'><output></output>
                    </label></div><img src="data:," alt="first"><p role="status"></p><p role="alert"></p>
                    <script type="application/json">{}</` + `script></div>`,
                on: (_, listen) => (window.listen = listen),
                off: () => (window.listen = undefined),
                send: message => window.asked.push(message),
            };
            window.close_card = widget.render({model, el: document.getElementById("here")});
        }"""
    )
    slider, picture = page.locator("input"), page.locator(PICTURE)
    expect(slider).to_be_visible()
    slider.fill("1")
    slider.fill("2")
    asked = page.evaluate("asked")
    assert [message["settings"] for message in asked] == [[1], [2]]
    answer = "([question, alt]) => listen({question, frame: {src: 'data:,', alt}})"
    page.evaluate(answer, [asked[1]["question"], "newer"])
    expect(picture).to_have_attribute("alt", "newer")
    page.evaluate(answer, [asked[0]["question"], "late"])
    page.wait_for_timeout(50)
    expect(picture).to_have_attribute("alt", "newer")
    slider.fill("0")
    page.evaluate(
        "question => listen({question, error: 'KeyError: no such width'})", page.evaluate("asked[2].question")
    )
    expect(page.locator("[role=alert]")).to_have_text("KeyError: no such width")
    page.evaluate("close_card()")
    assert page.evaluate("window.listen === undefined")
    page.close()


SURFACE = """<style>canvas { width: 600px; height: 400px }</style>
<div data-card="surface" class="surface"><div data-needs-script hidden>
<select><option value="0">a</option><option value="1">b</option><option value="2">c</option></select>
<input type="range" data-angle="turn" min="-180" max="180" step="5" value="0">
<input type="range" data-angle="tilt" min="0" max="90" step="5" value="0"></div>
<canvas role="img" data-needs-script hidden></canvas><img src="data:," alt="a picture"><p role="status"></p>
<script type="application/json">%s</script></div>"""


def test_a_surface_turns_by_slider_by_pointer_and_by_keyboard(browser: Browser):
    """A step up to the right, or to the left, or a hole in the upper part: from above, half a turn swaps sides."""
    heights = [[0, 0, 0, 999, 999]] * 4, [[999, 999, 0, 0, 0]] * 4, [[999, None, 0, 0, 0]] * 4
    facts = {"axes": ["a", "b", "loss"], "ends": ["0", "1"], "colours": ["#ff0000", "#0000ff"]}
    facts["surfaces"] = [
        {"alt": alt, "heights": grid} for alt, grid in zip(("up", "down", "holed"), heights, strict=True)
    ]
    page = browser.new_page()
    page.set_content(SURFACE % json.dumps(facts))
    page.add_script_tag(content=(PAGE / "cards.js").read_text())
    page.evaluate("landscapeCards.enhance(document.querySelector('[data-card]'))")
    canvas, turn = page.locator("canvas"), page.locator("[data-angle=turn]")
    expect(canvas).to_have_attribute("aria-label", "up")

    def blue() -> tuple[int, int]:
        """Pixels of the upper colour in the left and in the right half."""
        return tuple(
            page.evaluate(
                """() => { const c = document.querySelector("canvas"), k = c.getContext("2d"), halves = [0, 0];
                const {data} = k.getImageData(0, 0, c.width, c.height);
                for (let i = 0; i < data.length; i += 4)
                    if (data[i + 2] > 200 && data[i] < 50) halves[Number((i / 4) % c.width >= c.width / 2)] += 1;
                return halves; }"""
            )
        )

    page.locator("[data-angle=tilt]").fill("90")  # from above
    left, right = blue()
    assert right > 1000 and left < right / 5
    turn.focus()
    for _ in range(36):
        page.keyboard.press("ArrowRight")
    expect(turn).to_have_attribute("aria-valuetext", "180 degrees")
    left, right = blue()
    assert left > 1000 and right < left / 5, "half a turn"
    page.locator("select").select_option("1")
    expect(page.locator("[role=status]")).to_have_text("down")
    left, right = blue()
    assert right > 1000 and left < right / 5, "the other one"
    page.locator("select").select_option("2")
    assert sum(blue()) == 0, "a hole has no facets"
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 40)
    page.mouse.up()
    assert turn.input_value() == "130" and page.locator("[data-angle=tilt]").input_value() == "60"
    page.close()
