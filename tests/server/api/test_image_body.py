"""The remedy of too many images depends on the route."""

from server.api.image_body import too_many


def test_where_several_images_go() -> None:
    assert (
        str(too_many("The form has", 1))
        == "The form has more than one image. POST /classify takes one; send several to POST /classify/batch."
    )
    assert str(too_many("The form has", 32)) == "The form has more than 32 images. Send them in several requests, or raise MAX_BATCH_ITEMS."
