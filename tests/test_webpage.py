from avatarkit.webpage import Markup, document, image, table, tag


def test_what_is_no_markup_is_escaped():
    assert tag("p", "<b>&", tag("br"), title='a"b') == '<p title="a&quot;b">&lt;b&gt;&amp;<br></p>'
    assert table(["<i>"], [["a<b", Markup("<b>x</b>")]]).count("&lt;") == 2


def test_a_page_may_load_nothing():
    page = document("<title>", tag("p", "x"), image(b"ab", "a picture", (3, 4)), script="1 < 2")
    assert "default-src 'none'" in page.replace("&#x27;", "'") and "<title>&lt;title&gt;</title>" in page
    assert "<script>1 < 2</script>" in page
    assert '<img src="data:image/webp;base64,YWI=" alt="a picture" width="3" height="4">' in page
