from models import Page


def f(pk):
    page = Page.objects.using("replica").get(pk=pk)
    page.save()
    page.save(using="replica")  # => UPDATE
    Page.objects.using("replica").filter(pk=pk).update(views=1)  # => UPDATE
