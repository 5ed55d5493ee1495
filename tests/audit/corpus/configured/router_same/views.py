from models import Page


def f(pk):
    page = Page.objects.using("replica").get(pk=pk)
    page.save()  # => UPDATE?
    page.delete()  # => DELETE?
