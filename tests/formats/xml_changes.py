"""Changes to an element of a document, to hold two schemas, or a schema and a parser, against each other."""

import copy
import random

from lxml import etree


def drop(element: etree._Element, _: random.Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def double(element: etree._Element, _: random.Random) -> None:
    if element.getparent() is not None:
        element.addnext(copy.deepcopy(element))


def reorder(element: etree._Element, dice: random.Random) -> None:
    parent = element.getparent()
    children = list(element if parent is None else parent)
    dice.choice(children).addnext(dice.choice(children))
